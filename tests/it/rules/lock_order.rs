//! In which order rows are locked: whoever holds a conversation may still come for its messages.

use chrono::TimeDelta;
use mainstay::{
    inbound,
    records::{contacts, lock_order::Stage},
    tenancy,
};
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::operator;
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::TestApp,
        http::Client,
        wait::wait_until,
        webhook::{ANA, T0, Who, echo, status, text},
    },
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

/// The answer to a send holds the message only, and wants nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failed_status_does_to_a_conversation_waits_for_it_without_the_message() {
    const WAITING: &str = "
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%conversations%'";
    const ACCEPTED: &str = "UPDATE messages SET wamid = 'wamid.out', status = 'accepted', status_rank = 10";
    let test = TestApp::postgres().await;
    let client = Client::tenant(&test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let message = json!({ "channel_id": channels["data"][0]["id"], "to": { "phone": "+5491123456789" },
        "type": "text", "text": { "body": "given up" }, "if_window_closed": "queue" });
    assert_eq!(client.post("/api/v1/messages", message).await.status, 202);
    assert_eq!(test.app.db.sql(ACCEPTED, ()).run().await.unwrap(), 1);
    let mut refused = status("wamid.out", "failed", T0);
    refused["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"] = json!([{ "code": 131_047, "title": "Late" }]);
    let event = test.store(refused.to_string()).await;
    let mut other = test.app.db.begin().await.unwrap();
    other
        .sql("SELECT id FROM conversations FOR UPDATE", ())
        .run()
        .await
        .unwrap();
    let service = test.app.inbound.clone();
    let processing = tokio::spawn(async move { inbound::process(&service, &[event]).await.failures.len() });
    wait_until(DEADLINE, "the failure waits for the conversation", async || {
        test.count(WAITING).await == 1
    })
    .await;
    let messages = "SELECT id FROM messages FOR UPDATE NOWAIT";
    assert_eq!(other.sql(messages, ()).run().await.unwrap(), 1);
    other.rollback().await.unwrap();
    assert_eq!(processing.await.unwrap(), 0);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE status = 'failed'")
            .await,
        1
    );
}

/// Another batch of the tenant is in hand, and may want contacts next: whoever waited for it with a lock of their own would wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_merges_contacts_waits_for_the_tenant_with_nothing_in_hand() {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (
        SELECT oid FROM pg_database WHERE datname = current_database())";
    const IN_HAND: &str = "
        SELECT COUNT(*) FROM pg_locks waits JOIN pg_locks held ON held.pid = waits.pid AND held.granted
        WHERE waits.locktype = 'advisory' AND NOT waits.granted
            AND (held.locktype = 'advisory' OR held.mode IN ('RowShareLock', 'RowExclusiveLock'))";
    let test = TestApp::postgres().await;
    let by_phone = Who { user_id: None, ..ANA };
    let by_user_id = Who { phone: None, ..ANA };
    for (n, who) in [by_phone, by_user_id].into_iter().enumerate() {
        let webhook = text(who, &format!("wamid.{n}"), T0, "here I am");
        test.store(webhook.to_string()).await;
        test.process_all(8).await;
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 2);
    let both = text(ANA, "wamid.both", T0 + 1, "it is me");
    let event = test.store(both.to_string()).await;
    let mut other = test.app.db.begin().await.unwrap();
    contacts::lock_tenant(&mut other, test.tenant, false).await.unwrap();
    let service = test.app.inbound.clone();
    let processing = tokio::spawn(async move { inbound::process(&service, &[event]).await.failures.len() });
    wait_until(DEADLINE, "the merge waits for the tenant", async || {
        test.count(WAITING).await == 1
    })
    .await;
    assert_eq!(test.count(IN_HAND).await, 0);
    other.rollback().await.unwrap();
    assert_eq!(processing.await.unwrap(), 0);
    assert_eq!(test.count("SELECT COUNT(*) FROM contacts").await, 1);
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 3);
    const MERGED: &str = "SELECT COUNT(*) FROM events WHERE type = 'contact.merged'";
    assert_eq!(test.count(MERGED).await, 1);
}

/// Spam is refused on one tenant's channel, which pauses its campaigns, in the batch of a message to another tenant.
#[both_databases]
async fn a_batch_of_two_tenants_locks_both_before_a_channel(test: TestApp) {
    test.receive(&echo(ANA, "wamid.spam", T0, "Buy")).await;
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    test.add_channel(rival.id, "2002", "200200").await;
    let mut refused = status("wamid.spam", "failed", T0 + 1);
    refused["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"] = json!([{ "code": 131_048, "title": "Spam" }]);
    test.store(refused.to_string()).await;
    let mut to_rival = text(ANA, "wamid.rival", T0 + 1, "Hello");
    to_rival["entry"][0]["id"] = json!("200200");
    to_rival["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("2002");
    test.store(to_rival.to_string()).await;
    test.process_all(8).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE status = 'failed'")
            .await,
        1
    );
}

#[both_databases]
#[should_panic(expected = "the lock order is broken: Contacts after stage 8")]
async fn a_transaction_that_goes_back_is_found(test: TestApp) {
    let mut tx = test.app.db.begin().await.unwrap();
    Stage::Messages.reach(&mut tx);
    Stage::Contacts.reach(&mut tx);
}
