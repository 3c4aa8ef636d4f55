use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    domain::{AttemptId, ChannelId, Ctx, MessageId},
    messaging::{
        self, Resolution,
        accept::OUTBOUND,
        store::sends::{self, SendReservation},
    },
    meta::graph::GraphClient,
};
use mainstay_sim::{Level, NumberPatch};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::json;

use super::world::{DEADLINE, World};
use crate::support::{
    app::{NUMBER, TestApp},
    http,
    wait::wait_until,
};

/// A message of the only channel's.
async fn message(test: &TestApp, state: &'static str, held: Option<&'static str>) -> MessageId {
    let (id, channel): (MessageId, ChannelId) = (test.app.clock.new_id(), only_channel(test).await);
    let held = held.map(str::to_owned);
    test.app.db.sql("
        INSERT INTO sends (id, tenant_id, channel_id, lane, queue_lane, recipient_kind, recipient, type, content, options, created_at,
            state, held, attempts, due_at)
        VALUES ($1, $2, $3, 2, 2, 'phone', '15550200001', 'text', '{}', '{}', $4, $5, $6, 1, $4)",
        (id, test.tenant, channel, test.app.clock.now(), state.to_owned(), held)).run().await.unwrap();
    id
}

#[both_databases]
async fn a_reservation_at_another_rate_does_not_hold(test: TestApp) {
    let now = test.app.clock.now();
    let id = message(&test, "running", None).await;
    let reserve = async |throughput: f64, quota: Option<f64>| {
        test.app
            .db
            .sql("UPDATE sends SET state = 'running', attempts = 1", ())
            .run()
            .await
            .unwrap();
        let at = now + TimeDelta::seconds(30);
        let reservation = SendReservation {
            id,
            leases: 1,
            at,
            due: at,
            throughput,
            quota,
        };
        assert_eq!(
            sends::store_reservations(test.app.db.writer(), &[reservation], now)
                .await
                .unwrap(),
            1
        );
        let row: (String, i64, DateTime<Utc>, Option<DateTime<Utc>>) = test
            .app
            .db
            .sql("SELECT state, attempts, due_at, reserved_until FROM sends", ())
            .one()
            .await
            .unwrap();
        assert_eq!((row.0.as_str(), row.1), ("pending", 0));
        match row.3 {
            Some(reservation) => assert_eq!((reservation, row.2), (at, at)),
            None => assert_eq!(row.2, now, "it comes when all know"),
        }
        row.3.is_some()
    };
    assert!(reserve(80.0, None).await);
    // The workers' directories hear of these a moment later, and the rate limiter from them.
    test.app
        .db
        .sql("UPDATE channels SET throughput = 1000", ())
        .run()
        .await
        .unwrap();
    assert!(!reserve(80.0, None).await);
    assert!(reserve(1_000.0, None).await);
    test.app
        .db
        .sql("UPDATE tenants SET messages_per_second = 12.3", ())
        .run()
        .await
        .unwrap();
    assert!(!reserve(1_000.0, None).await);
    assert!(reserve(1_000.0, Some(12.3)).await);
}

#[both_databases]
async fn what_waits_for_campaigns_is_counted_and_called_at_once_when_they_go_on(test: TestApp) {
    for (state, held) in [
        ("quarantined", Some("campaigns")),
        ("quarantined", Some("breaker")),
        ("quarantined", Some("unknown")),
        ("pending", None),
        ("done", None),
    ] {
        message(&test, state, held).await;
    }
    let ended = "UPDATE sends SET finished_at = created_at WHERE state NOT IN ('pending', 'running')";
    test.app.db.sql(ended, ()).run().await.unwrap();
    let channel = only_channel(&test).await;
    assert_eq!(
        sends::count_waiting(test.app.db.reader(), test.tenant, channel)
            .await
            .unwrap(),
        [(2, 3)]
    );
    test.app
        .db
        .sql("DELETE FROM sends WHERE state = 'pending'", ())
        .run()
        .await
        .unwrap();
    test.app
        .db
        .sql("UPDATE channels SET campaigns_paused_at = created_at", ())
        .run()
        .await
        .unwrap();
    let released = messaging::resume_campaigns(&test.app.messaging, &Ctx::operator(test.tenant), channel)
        .await
        .unwrap();
    assert_eq!(released, Some(1));
    assert_eq!(
        test.app.queues.depth(&OUTBOUND).await.unwrap().lanes,
        [0, 0, 1],
        "no sweep has looked"
    );
}

#[both_databases]
async fn what_a_person_has_sent_again_is_called_at_once(test: TestApp) {
    let id = message(&test, "quarantined", Some("unknown")).await;
    let (attempt, now): (AttemptId, _) = (test.app.clock.new_id(), test.app.clock.now());
    test.app.db.sql("
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, direction, origin, type, status, status_rank,
            payload, sent_at, received_at)
        VALUES ($1, $2, $3, $2, $2, 'outbound', 'api', 'text', 'unknown', 0, '{}', $4, $4)",
        (test.tenant, id, only_channel(&test).await, now)).run().await.unwrap();
    test.app
        .db
        .sql(
            "
        INSERT INTO send_attempts (id, message_id, tenant_id, channel_id, number, outcome, started_at)
        SELECT $1, id, tenant_id, channel_id, 1, 'unknown', created_at FROM sends",
            (attempt,),
        )
        .run()
        .await
        .unwrap();
    messaging::resolve(&test.app.messaging, &Ctx::operator(test.tenant), id, Resolution::Resend)
        .await
        .unwrap();
    assert_eq!(
        test.app.queues.depth(&OUTBOUND).await.unwrap().lanes,
        [0, 0, 1],
        "no sweep has looked"
    );
}

#[both_databases]
async fn nothing_is_sent_again_while_its_evidence_may_stand_in_a_webhook_that_waits(test: TestApp) {
    let nobody = GraphClient::new("http://127.0.0.1:9", "v25.0", Duration::from_secs(1)).unwrap();
    let app = test.rebuilt(|parts| parts.graph = nobody);
    let request = json!({ "channel_id": only_channel(&test).await, "to": { "phone": "+15550200001" }, "type": "template",
        "lane": "transactional", "template": { "name": "hello_world", "language": { "code": "en_US" } } });
    let answer = http::Client::of(&app)
        .with(&test.key)
        .post("/api/v1/messages", request)
        .await;
    let id: MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    app.db
        .sql(
            "
        INSERT INTO send_attempts (id, message_id, tenant_id, channel_id, number, outcome, started_at, ended_at)
        SELECT $1, id, tenant_id, channel_id, 1, 'unknown', created_at, created_at FROM sends",
            (app.clock.new_id::<AttemptId>(),),
        )
        .run()
        .await
        .unwrap();
    test.store(json!({ "object": "whatsapp_business_account", "entry": [] }).to_string())
        .await;
    test.advance(app.config.sending.unknown_window + TimeDelta::seconds(1));
    let attempts = "SELECT COUNT(*) FROM send_attempts";
    messaging::send(&app.messaging, &[id]).await;
    assert_eq!(test.count(attempts).await, 1, "a webhook of its time is not processed");
    test.process_all(64).await;
    test.store(json!({ "object": "whatsapp_business_account", "entry": [1] }).to_string())
        .await;
    messaging::send(&app.messaging, &[id]).await;
    assert_eq!(
        test.count(attempts).await,
        2,
        "the one that waits came after its window"
    );
}

#[both_databases]
async fn a_worker_that_has_not_heard_of_a_recovery_looks_before_it_keeps_a_message(test: TestApp) {
    let nobody = GraphClient::new("http://127.0.0.1:9", "v25.0", Duration::from_secs(1)).unwrap();
    let app = test.rebuilt(|parts| parts.graph = nobody);
    let channel = only_channel(&test).await;
    let request = json!({ "channel_id": channel, "to": { "phone": "+15550200001" }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } } });
    let answer = http::Client::of(&app)
        .with(&test.key)
        .post("/api/v1/messages", request)
        .await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let id: MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    messaging::trip(&app.messaging, channel, 190, "on purpose")
        .await
        .unwrap();
    let held = "SELECT COUNT(*) FROM sends WHERE held = 'breaker'";
    // Another process lets the channel go on; this one has not looked since.
    let elsewhere = "UPDATE channels SET tripped_at = NULL, updated_at = $1";
    app.db
        .sql(elsewhere, (app.clock.now() + TimeDelta::seconds(1),))
        .run()
        .await
        .unwrap();
    messaging::send(&app.messaging, &[id]).await;
    assert_eq!(test.count(held).await, 0);
    messaging::trip(&app.messaging, channel, 190, "on purpose")
        .await
        .unwrap();
    messaging::send(&app.messaging, &[id]).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM send_attempts").await,
        1,
        "the first time Meta was called, or would have been"
    );
}

async fn only_channel(test: &TestApp) -> ChannelId {
    let (id,): (ChannelId,) = test.app.db.sql("SELECT id FROM channels", ()).one().await.unwrap();
    id
}

#[both_sizes]
async fn a_check_tells_what_meta_says_of_the_number(world: World) {
    let check = world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok()
        .json();
    assert_eq!(check["can_send"], true, "{check:#}");
    let channel = world
        .client
        .get(&format!("/api/v1/channels/{}", world.channel))
        .await
        .ok()
        .json();
    assert_eq!(channel["sending"]["rate"], 80.0, "{channel:#}");
    assert_eq!(channel["breaker"], json!(null));
    world.end().await;
}

#[both_sizes]
async fn a_number_that_may_send_faster_calls_back_those_who_were_told_to_wait(world: World) {
    // At 80 a second the last of them leaves after 37 seconds.
    const COUNT: usize = 3_000;
    let message = |n: usize| {
        json!({
            "channel_id": world.channel, "to": { "phone": format!("+49151{n:07}") }, "lane": "campaign",
            "type": "template", "template": { "name": "hello_world", "language": { "code": "en_US" } },
        })
    };
    for from in (0..COUNT).step_by(1_000) {
        let messages: Vec<_> = (from..from + 1_000).map(message).collect();
        world.post("messages/batch", json!({ "messages": messages })).await.ok();
    }
    let app = &world.running.app;
    // Told to come later than the given number of seconds from now.
    let far = async |seconds: i64| {
        let sql = "SELECT COUNT(*) FROM sends WHERE state = 'pending' AND reserved_until > $1";
        let at = app.clock.now() + TimeDelta::seconds(seconds);
        let (count,): (i64,) = app.db.reader().sql(sql, (at,)).one().await.unwrap();
        count
    };
    wait_until(DEADLINE, "many are told to wait for long", async || far(15).await > 500).await;
    let patch = NumberPatch {
        level: Some(Level::High),
        ..NumberPatch::default()
    };
    world.simulator.graph().change_number(NUMBER, patch);
    let check = world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok()
        .json();
    assert_eq!(check["can_send"], true, "{check:#}");
    wait_until(Duration::from_secs(10), "nobody waits for long", async || {
        far(10).await == 0
    })
    .await;
    let graph = world.simulator.graph();
    assert_eq!((graph.refused(130_429), graph.refused(131_056)), (0, 0));
    world.end().await;
}
