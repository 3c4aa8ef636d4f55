//! Which messages for later are refused, and what is kept of those that are not.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::housekeeping;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{app::TestApp, http::Client};

async fn channel(client: &Client) -> Value {
    client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone()
}

async fn message(client: &Client, send_at: DateTime<Utc>) -> Value {
    json!({ "channel_id": channel(client).await, "to": { "phone": "+4915123456789" }, "type": "text", "text": { "body": "Hello" },
        "send_at": send_at })
}

#[both_databases]
async fn a_time_too_far_ahead_or_after_the_expiry_is_refused_and_one_that_has_passed_means_at_once(test: TestApp) {
    let (client, now) = (Client::tenant(&test), test.app.clock.now());
    let post = async |message: Value| client.post("/api/v1/messages", message).await;
    let later = now + TimeDelta::hours(1);
    for (days, minutes, field) in [(90, 1, "send_at"), (3_000, 0, "send_at")] {
        let at = now + TimeDelta::days(days) + TimeDelta::minutes(minutes);
        let answer = post(message(&client, at).await).await;
        assert_eq!(answer.problem(422), "invalid-field");
        assert_eq!(answer.json()["field"], field);
    }
    for expires_at in [later, later - TimeDelta::minutes(1)] {
        let mut message = message(&client, later).await;
        message["expires_at"] = json!(expires_at);
        let answer = post(message).await;
        assert_eq!(answer.problem(422), "invalid-field");
        assert_eq!(answer.json()["field"], "expires_at", "{}", answer.text());
    }
    let mut wrong = message(&client, later).await;
    wrong["send_at"] = json!("tomorrow");
    assert_eq!(post(wrong).await.status.as_u16(), 422);
    let far = post(message(&client, now + TimeDelta::days(89)).await).await;
    assert_eq!(far.status.as_u16(), 202, "{}", far.text());
    let mut past = message(&client, now - TimeDelta::days(1)).await;
    past["if_window_closed"] = json!("queue");
    let past = post(past).await;
    assert_eq!(past.status.as_u16(), 202, "{}", past.text());
    assert_eq!(past.json()["send_at"], Value::Null);
}

#[both_databases]
async fn a_channel_has_ten_thousand_that_wait_and_a_key_finds_its_message_all_the_same(test: TestApp) {
    let (client, at) = (Client::tenant(&test), test.app.clock.now() + TimeDelta::days(1));
    let one = message(&client, at).await;
    let keyed = client.post_keyed("/api/v1/messages", "first", &one).await.json();
    for _ in 0..10 {
        let batch = json!({ "messages": vec![one.clone(); 1_000] });
        client.post("/api/v1/messages/batch", batch).await.ok();
    }
    const WAITING: &str = "SELECT COUNT(*) FROM sends WHERE send_at IS NOT NULL";
    let (waiting,): (i64,) = test.app.db.sql(WAITING, ()).one().await.unwrap();
    assert_eq!(waiting, 10_000, "the last of the last batch was refused");
    let full = client.post("/api/v1/messages", one.clone()).await;
    assert_eq!(full.problem(429), "too-many-scheduled");
    assert!(full.headers.contains_key("retry-after"));
    let again = client.post_keyed("/api/v1/messages", "first", &one).await.json();
    assert_eq!(again, keyed, "the same request has the same answer");
    let mut now = one.clone();
    now["send_at"] = Value::Null;
    now["if_window_closed"] = json!("queue");
    assert_eq!(client.post("/api/v1/messages", now).await.status.as_u16(), 202);
    let cancel = format!("/api/v1/messages/{}/cancel", keyed["id"].as_str().unwrap());
    assert_eq!(client.post(&cancel, json!({})).await.status.as_u16(), 204);
    assert_eq!(client.post("/api/v1/messages", one).await.status.as_u16(), 202);
}

#[both_databases]
async fn retention_counts_from_when_a_message_was_to_be_sent(test: TestApp) {
    let client = Client::tenant(&test);
    let at = test.app.clock.now() + TimeDelta::days(80);
    let id = client.post("/api/v1/messages", message(&client, at).await).await.json()["id"].clone();
    let path = format!("/api/v1/messages/{}", id.as_str().unwrap());
    client.post(&format!("{path}/cancel"), json!({})).await;
    let tenant = format!("/admin/tenants/{}", test.tenant);
    let kept = json!({ "retention": { "messages": 30 } });
    Client::operator(&test.app).patch(&tenant, kept).await.ok();
    test.advance(TimeDelta::days(100));
    housekeeping::clean_up(&test.app).await.unwrap();
    client.get(&path).await.ok();
    test.advance(TimeDelta::days(20));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(client.get(&path).await.status.as_u16(), 404);
}
