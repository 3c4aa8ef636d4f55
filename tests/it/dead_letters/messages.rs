//! Messages whose send is a dead letter.

use chrono::TimeDelta;
use mainstay::{
    domain::{AttemptId, ChannelId, MessageId},
    jobs::dead_letters::retry_dead,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::operator;
use crate::support::{app::TestApp, http::Client};

/// Accepts a message whose send then dies, after all its revivals.
async fn dead(test: &TestApp) -> MessageId {
    const DIE: &str = "UPDATE sends SET state = 'dead', revivals = 3, last_error = 'a fault', finished_at = $1 WHERE state = 'pending'";
    let (channel,): (ChannelId,) = test.app.db.sql("SELECT id FROM channels", ()).one().await.unwrap();
    let request = json!({ "channel_id": channel, "to": { "phone": "+15550200001" }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } } });
    let answer = Client::tenant(test).post("/api/v1/messages", request).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    test.app.db.sql(DIE, (test.app.clock.now(),)).run().await.unwrap();
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

async fn message(test: &TestApp, id: MessageId) -> Value {
    Client::tenant(test)
        .get(&format!("/api/v1/messages/{id}"))
        .await
        .ok()
        .json()
}

/// State and hold of the only send, and whether it is archived.
async fn send(test: &TestApp) -> (String, Option<String>, bool) {
    const SQL: &str = "SELECT state, held, archived_at IS NOT NULL FROM sends";
    test.app.db.sql(SQL, ()).one().await.unwrap()
}

#[both_databases]
async fn a_message_that_no_call_was_made_for_fails_with_the_archive_of_its_send(test: TestApp) {
    let id = dead(&test).await;
    test.advance(TimeDelta::minutes(1));
    retry_dead(&test.app).await.unwrap();
    let failed = message(&test, id).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["title"]),
        (&json!("failed"), &json!("internal")),
        "{failed}"
    );
    assert_eq!(send(&test).await, ("dead".to_owned(), None, true));
    let events = "SELECT COUNT(*) FROM events WHERE type = 'message.failed'";
    assert_eq!(test.count(events).await, 1);
    retry_dead(&test.app).await.unwrap();
    assert_eq!(test.count(events).await, 1, "it is told once");
}

#[both_databases]
async fn a_message_that_may_have_been_sent_is_held_as_unknown(test: TestApp) {
    const ATTEMPT: &str = "
        INSERT INTO send_attempts (id, message_id, tenant_id, channel_id, number, outcome, started_at)
        SELECT $1, id, tenant_id, channel_id, 1, 'open', created_at FROM sends";
    const SENDING: &str = "UPDATE messages SET status = 'sending', status_rank = 2";
    let id = dead(&test).await;
    let attempt: AttemptId = test.app.clock.new_id();
    test.app.db.sql(ATTEMPT, (attempt,)).run().await.unwrap();
    test.app.db.sql(SENDING, ()).run().await.unwrap();
    retry_dead(&test.app).await.unwrap();
    assert_eq!(message(&test, id).await["status"], "unknown");
    assert_eq!(
        send(&test).await,
        ("quarantined".to_owned(), Some("unknown".to_owned()), false)
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM send_attempts WHERE outcome = 'unknown'")
            .await,
        1
    );
    // A person decides.
    let resolve = format!("/api/v1/messages/{id}/resolve");
    let dropped = Client::tenant(&test)
        .post(&resolve, json!({ "resolution": "drop" }))
        .await;
    assert_eq!(dropped.status.as_u16(), 204, "{}", dropped.text());
    assert_eq!(message(&test, id).await["status"], "canceled");
}

#[both_databases]
async fn a_message_that_was_sent_stays_as_it_is(test: TestApp) {
    let id = dead(&test).await;
    let sent = "UPDATE messages SET status = 'delivered', status_rank = 40";
    test.app.db.sql(sent, ()).run().await.unwrap();
    let job = format!("/admin/queues/outbound/jobs/{id}/archive");
    let archived = operator(&test).post(&job, json!({})).await.ok().json();
    assert!(archived["archived_at"].is_string(), "{archived}");
    assert_eq!(message(&test, id).await["status"], "delivered");
    assert_eq!(send(&test).await, ("dead".to_owned(), None, true));
}
