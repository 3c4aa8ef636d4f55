use chrono::{DateTime, TimeDelta, Utc};
use mainstay::domain::MessageId;
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

#[both_sizes]
async fn what_can_never_be_sent_fails_at_once_on_both_paths(world: World) {
    let ana = world.customer(0).await;
    for code in [
        131_026, 131_047, 131_051, 132_000, 132_001, 132_012, 132_015, 131_009, 131_021, 130_472,
    ] {
        for fault in [Fault::error(code), Fault::failed(code)] {
            let text = format!("{code} {}", matches!(fault, Fault::Failed { .. }));
            world.fault(FaultRule::new(fault).times(1));
            let id = world.send(world.text(&ana.wa_id, &text)).await;
            let message = world.until(&id, "failed").await;
            assert_eq!(message["error"]["code"], code, "{message:#}");
            assert_eq!(message["attempts"].as_array().unwrap().len(), 1, "{text}");
            if World::outcomes(&message) == ["rejected"] {
                assert!(message["attempts"][0]["advice"].as_str().unwrap().len() > 10);
            }
            // A closed window is believed, so that nothing more is tried: until the customer writes again.
            world.customer(0).await;
        }
    }
    world.end().await;
}

#[both_sizes]
async fn what_passes_is_tried_again_on_both_paths(world: World) {
    let ana = world.customer(0).await;
    for code in [130_429, 131_056] {
        for fault in [Fault::error(code), Fault::failed(code)] {
            let text = format!("{code} {}", matches!(fault, Fault::Failed { .. }));
            world.fault(FaultRule::new(fault.clone()).times(1));
            let id = world.send(world.text(&ana.wa_id, &text)).await;
            let message = world.until(&id, "read").await;
            assert_eq!(message["attempts"].as_array().unwrap().len(), 2, "{message:#}");
            let expected = if matches!(fault, Fault::Failed { .. }) { 2 } else { 1 };
            assert_eq!(
                world.accepted(&text).len(),
                expected,
                "the first of two was told to have failed"
            );
        }
    }
    world.end().await;
}

#[both_sizes]
async fn a_number_that_is_told_to_slow_down_does(world: World) {
    let ana = world.customer(0).await;
    let before = world
        .client
        .get(&format!("/api/v1/channels/{}", world.channel))
        .await
        .ok()
        .json();
    world.fault(FaultRule::new(Fault::error(130_429)).times(1));
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    world
        .until_is(&id, "it was refused", |it| {
            !it["attempts"].as_array().unwrap().is_empty()
        })
        .await;
    wait_until(DEADLINE, "the rate is lower", async || {
        let now = world
            .client
            .get(&format!("/api/v1/channels/{}", world.channel))
            .await
            .ok()
            .json();
        now["sending"]["rate"].as_f64() < before["sending"]["rate"].as_f64()
    })
    .await;
    world.until(&id, "read").await;
    world.end().await;
}

#[both_sizes]
async fn a_message_over_the_marketing_limit_rests_for_a_day(world: World) {
    let ana = world.customer(0).await;
    for fault in [Fault::error(131_049), Fault::failed(131_049)] {
        let text = format!("rest {}", matches!(fault, Fault::Failed { .. }));
        world.fault(FaultRule::new(fault).times(1));
        let id = world.send(world.text(&ana.wa_id, &text)).await;
        let send: MessageId = id.parse().unwrap();
        let parked = world.running.app.clock.now() + TimeDelta::hours(23);
        wait_until(DEADLINE, "it is put off", async || {
            let due = "SELECT due_at FROM sends WHERE id = $1 AND state = 'pending'";
            let due: Option<(DateTime<Utc>,)> = world.running.app.db.reader().sql(due, (send,)).opt().await.unwrap();
            due.is_some_and(|(due,)| due > parked)
        })
        .await;
        let message = world.message(&id).await;
        assert_eq!(message["status"], "queued");
        assert_eq!(message["attempts"].as_array().unwrap().len(), 1, "{message:#}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_failure_that_is_told_before_the_answer_is_heeded(world: World) {
    let mut statuses = world.simulator.graph().statuses();
    statuses.early = 1.0;
    world.simulator.graph().set_statuses(statuses);
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::failed(131_049)).times(1));
    let parked = world.send(world.text(&ana.wa_id, "tomorrow")).await;
    wait_until(DEADLINE, "the first fault is used up", async || {
        world.accepted("tomorrow").len() == 1
    })
    .await;
    world.fault(FaultRule::new(Fault::failed(130_429)).times(1));
    let again = world.send(world.text(&ana.wa_id, "again")).await;
    let message = world.until(&again, "read").await;
    assert_eq!(World::outcomes(&message), ["accepted", "accepted"]);
    assert_eq!(world.accepted("again").len(), 2);
    // Neither the answer nor the worker that wrote it has made it done.
    let send: MessageId = parked.parse().unwrap();
    let tomorrow = world.running.app.clock.now() + TimeDelta::hours(23);
    wait_until(DEADLINE, "it is put off", async || {
        let due = "SELECT due_at FROM sends WHERE id = $1 AND state = 'pending'";
        let due: Option<(DateTime<Utc>,)> = world.running.app.db.reader().sql(due, (send,)).opt().await.unwrap();
        due.is_some_and(|(due,)| due > tomorrow)
    })
    .await;
    let message = world.message(&parked).await;
    assert_eq!(
        (&message["status"], &message["wamid"]),
        (&json!("queued"), &json!(null)),
        "{message:#}"
    );
    assert_eq!(world.accepted("tomorrow").len(), 1);
    assert!(
        message["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["status"] == "failed"),
        "{message:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_bad_token_or_account_trips_the_channel_until_it_is_checked(world: World) {
    let ana = world.customer(0).await;
    for code in [190, 368, 131_031, 131_042] {
        for fault in [Fault::error(code), Fault::failed(code)] {
            if code == 190 && matches!(fault, Fault::Failed { .. }) {
                continue;
            }
            let text = format!("{code} {}", matches!(fault, Fault::Failed { .. }));
            world.fault(FaultRule::new(fault).times(1));
            let first = world.send(world.text(&ana.wa_id, &text)).await;
            let path = format!("/api/v1/channels/{}", world.channel);
            // And the worker knows: it reads the directory after the commit.
            wait_until(DEADLINE, "the breaker trips", async || {
                let channel = world.client.get(&path).await.ok().json();
                let directory = world.running.app.directory.current();
                channel["breaker"]["code"] == code && directory.channel(world.channel).is_some_and(|it| it.tripped)
            })
            .await;
            let later = world.send(world.text(&ana.wa_id, &format!("after {text}"))).await;
            wait_until(DEADLINE, "both are kept", async || {
                world
                    .number("SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'")
                    .await
                    == 2
            })
            .await;
            assert_eq!(world.message(&later).await["status"], "queued");
            let check = world
                .post(&format!("channels/{}/check", world.channel), json!({}))
                .await;
            let checked = check.ok().json();
            assert_eq!(checked["can_send"], true, "{checked:#}");
            world.until(&first, "read").await;
            world.until(&later, "read").await;
        }
    }
    world.end().await;
}
