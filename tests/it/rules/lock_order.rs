//! In which order rows are locked: whoever holds a conversation may still come for its messages.

use chrono::TimeDelta;
use mainstay_sim::{Fault, FaultRule};
use serde_json::json;

use super::operator;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

/// A webhook in hand holds the conversation, and may carry a status of the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_refusal_does_to_a_conversation_waits_for_it_without_the_message() {
    const WAITING: &str = "
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE conversations%'";
    let world = World::distributed().await;
    let ana = world.customer(0).await;
    // Their message is older than the doubt about who was first.
    world.running.app.clock.advance(TimeDelta::seconds(10));
    world.fault(FaultRule::new(Fault::error(131_047)).times(1));
    operator(&world)
        .post("/admin/queues/outbound/pause", json!({}))
        .await
        .ok();
    let id = world.send(world.text(&ana.wa_id, "too late")).await;
    let mut webhook = world.running.app.db.begin().await.unwrap();
    webhook
        .sql("SELECT id FROM conversations FOR UPDATE", ())
        .run()
        .await
        .unwrap();
    operator(&world)
        .post("/admin/queues/outbound/resume", json!({}))
        .await
        .ok();
    wait_until(DEADLINE, "the refusal waits for the conversation", async || {
        world.number(WAITING).await == 1
    })
    .await;
    let messages = "SELECT id FROM messages WHERE direction = 'outbound' FOR UPDATE NOWAIT";
    assert_eq!(webhook.sql(messages, ()).run().await.unwrap(), 1);
    webhook.rollback().await.unwrap();
    world.until(&id, "failed").await;
    world.end().await;
}
