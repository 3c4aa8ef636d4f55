//! The statuses a send causes.

use std::time::Duration;

use mainstay_sim::{Echo, Enforcement, Item, StatusPolicy};
use serde_json::{Value, json};

use super::{World, message, template, text};

async fn lenient(policy: impl Fn(StatusPolicy) -> StatusPolicy) -> World {
    World::with(|config| {
        config.graph.enforcement = Enforcement::none();
        config.graph.statuses = policy(config.graph.statuses.clone());
    })
    .await
}

fn tagged(tag: &str) -> Value {
    let mut body = text("4915123456789", tag);
    body["biz_opaque_callback_data"] = json!(tag);
    body
}

fn names(statuses: &[Value]) -> Vec<&str> {
    statuses
        .iter()
        .map(|status| status["status"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_message_is_sent_delivered_and_read_by_signed_webhooks_that_echo_the_tag() {
    let world = lenient(|it| it).await;
    let wamid = world.accepted(&tagged("attempt/ö")).await;
    let statuses = world.statuses().await;
    assert_eq!(names(&statuses), ["sent", "delivered", "read"]);
    for status in &statuses {
        assert_eq!(status["id"], wamid);
        assert_eq!(status["biz_opaque_callback_data"], "attempt/ö");
        assert_eq!(status["recipient_id"], "4915123456789");
        assert!(status["timestamp"].as_str().unwrap().parse::<i64>().unwrap() >= 1_790_000_000);
    }
    assert_eq!(statuses[0]["pricing"]["category"], "service");
    assert!(statuses[2].get("pricing").is_none());
    let ledger = world.simulator.ledger();
    assert!(ledger.is_complete());
    assert_eq!(ledger.statuses.len(), 3);
}

#[tokio::test]
async fn reactions_are_only_sent_and_voice_notes_are_played() {
    let world = lenient(|it| it).await;
    world
        .accepted(&message("reaction", json!({"message_id": "wamid.x", "emoji": "👍"})))
        .await;
    assert_eq!(names(&world.statuses().await), ["sent"]);
    world
        .accepted(&message("audio", json!({"id": "1", "voice": true})))
        .await;
    assert_eq!(
        names(&world.statuses().await)[1..],
        ["sent", "delivered", "read", "played"]
    );
}

#[tokio::test]
async fn an_early_status_is_acknowledged_before_the_send_is_answered() {
    let world = lenient(|it| StatusPolicy { early: 1.0, ..it }).await;
    for turn in 0..20 {
        let wamid = world.accepted(&tagged(&turn.to_string())).await;
        let told = world.told("statuses");
        assert!(
            told.iter()
                .any(|status| status["id"] == json!(wamid) && status["status"] == "sent")
        );
    }
}

#[tokio::test]
async fn a_receiver_that_is_down_does_not_hold_up_early_answers_for_good() {
    let world = lenient(|it| StatusPolicy { early: 1.0, ..it }).await;
    world.simulator.pause();
    world.accepted(&tagged("x")).await;
    assert_eq!(world.simulator.graph().untold(), 3);
    world.simulator.resume();
    assert_eq!(world.statuses().await.len(), 3);
}

#[tokio::test]
async fn late_statuses_come_later_but_say_when_it_was() {
    let world = lenient(|it| StatusPolicy {
        late: 1.0,
        late_ms: 1_500,
        ..it
    })
    .await;
    let start = std::time::Instant::now();
    world.accepted(&tagged("x")).await;
    let now = world.simulator.graph().summary().now;
    let statuses = world.statuses().await;
    assert!(start.elapsed() >= Duration::from_millis(1_500));
    let happened: i64 = statuses[2]["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(happened <= now + 1, "{happened} is long after {now}");
}

#[tokio::test]
async fn statuses_come_twice_and_in_any_order() {
    let world = lenient(|it| StatusPolicy {
        duplicates: 1.0,
        reorder: 1.0,
        ..it
    })
    .await;
    for turn in 0..12 {
        world.accepted(&tagged(&turn.to_string())).await;
    }
    assert_eq!(world.statuses().await.len(), 72);
    let ledger = world.simulator.ledger();
    assert_eq!(ledger.statuses.len(), 36, "a duplicate is the same status again");
    assert!(
        ledger
            .statuses
            .iter()
            .all(|record| record.generated == 2 && record.acknowledged == 2)
    );
    let first: Vec<_> = ledger
        .statuses
        .iter()
        .step_by(3)
        .map(|record| record.item.status.clone())
        .collect();
    assert!(first.iter().any(|status| status != "sent"), "{first:?}");
}

#[tokio::test]
async fn statuses_are_skipped() {
    let world = lenient(|it| StatusPolicy {
        skip_sent: 1.0,
        skip_delivered: 1.0,
        ..it
    })
    .await;
    world.accepted(&tagged("x")).await;
    assert_eq!(names(&world.statuses().await), ["read"]);
    world.simulator.graph().set_statuses(StatusPolicy {
        delivered: 0.0,
        ..StatusPolicy::default()
    });
    world.accepted(&tagged("y")).await;
    assert_eq!(names(&world.statuses().await), ["read", "sent"]);
    world.simulator.graph().set_statuses(StatusPolicy::off());
    world.accepted(&tagged("z")).await;
    assert_eq!(world.simulator.graph().untold(), 0);
}

#[tokio::test]
async fn accepted_messages_fail_and_the_tag_is_echoed_or_not() {
    for (echo, echoed) in [(Echo::Always, true), (Echo::NotOnFailed, false), (Echo::Never, false)] {
        let world = lenient(|it| StatusPolicy {
            failed: 1.0,
            failed_codes: vec![131049],
            failed_after_sent: 1.0,
            echo,
            ..it
        })
        .await;
        world.accepted(&tagged("x")).await;
        let statuses = world.statuses().await;
        assert_eq!(names(&statuses), ["sent", "failed"]);
        let failed = &statuses[1];
        assert_eq!(failed["errors"][0]["code"], 131049);
        assert!(
            failed.get("recipient_user_id").is_none(),
            "a send by phone names no user id"
        );
        assert_eq!(failed.get("biz_opaque_callback_data").is_some(), echoed);
        assert_eq!(
            statuses[0].get("biz_opaque_callback_data").is_some(),
            echo != Echo::Never
        );
    }
}

#[tokio::test]
async fn a_held_template_says_so_and_is_released_or_dropped() {
    for (dropped, expected) in [(0.0, vec!["sent", "delivered", "read"]), (1.0, vec!["failed"])] {
        let world = lenient(|it| StatusPolicy {
            held: 1.0,
            held_dropped: dropped,
            ..it
        })
        .await;
        let (_, answer) = world
            .send(&template("4915123456789", "hello_world", "en_US", &[]))
            .await;
        assert_eq!(answer["messages"][0]["message_status"], "held_for_quality_assessment");
        let statuses = world.statuses().await;
        assert_eq!(names(&statuses), expected);
        if dropped > 0.0 {
            assert_eq!(statuses[0]["errors"][0]["code"], 132015);
        }
    }
}

#[tokio::test]
async fn statuses_gather_into_one_post() {
    let world = lenient(|it| StatusPolicy {
        per_post: 100,
        gather_ms: 400,
        sent_ms: 0,
        delivered_ms: 0,
        read_ms: 0,
        ..it
    })
    .await;
    for turn in 0..30 {
        world.accepted(&tagged(&turn.to_string())).await;
    }
    assert_eq!(world.statuses().await.len(), 90);
    let posts = world.simulator.totals().posts;
    assert!(posts < 30, "{posts} posts");
}

#[tokio::test]
async fn a_group_is_told_of_by_its_members() {
    let world = lenient(|it| it).await;
    let mut body = tagged("x");
    body["recipient_type"] = json!("group");
    body["to"] = json!("Y2FwaV9ncm91cDox");
    let (_, answer) = world.send(&body).await;
    assert_eq!(
        answer["contacts"],
        json!([{"input": "Y2FwaV9ncm91cDox", "wa_id": "Y2FwaV9ncm91cDox"}])
    );
    let statuses = world.statuses().await;
    assert_eq!(statuses[0]["pricing"]["type"], "free_group_customer_service");
    assert_eq!(statuses[0]["pricing"]["category"], "group_service");
    assert_eq!(statuses.len(), 9, "three statuses of three members");
    assert!(
        statuses
            .iter()
            .all(|status| status["recipient_type"] == "group" && status["recipient_id"] == "Y2FwaV9ncm91cDox")
    );
    let participants = world.simulator.ledger().statuses;
    assert!(participants.iter().all(|record| record.item.participant.is_some()));
}

#[tokio::test]
async fn news_and_statuses_are_distinct_items_of_the_ledger() {
    let world = lenient(|it| it).await;
    world
        .simulator
        .graph()
        .trouble_account(world.waba(), Some(mainstay_sim::Trouble::Locked));
    world.simulator.graph().trouble_account(world.waba(), None);
    assert_eq!(world.news("account_update").await.len(), 2);
    let numbers: Vec<u64> = world
        .simulator
        .ledger()
        .other
        .iter()
        .map(|record| record.item.number)
        .collect();
    assert_ne!(numbers[0], numbers[1]);
    // What the traffic tells of itself keeps its own numbers.
    let webhook = world.simulator.generate();
    assert!(
        webhook
            .items
            .iter()
            .all(|item| !matches!(item, Item::Other(other) if numbers.contains(&other.number)))
    );
}
