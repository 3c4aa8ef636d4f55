//! Idempotency keys that look like those made here.

use axum::http::HeaderValue;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn no_key_that_a_caller_can_write_is_that_of_a_message_in_a_batch(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let message = |n: usize| {
        json!({
        "channel_id": channel, "to": { "phone": format!("+49151234567{n:02}") }, "type": "text", "text": { "body": "Hello" }, "if_window_closed": "queue" })
    };
    for n in 0..3 {
        let single = client
            .post_keyed("/api/v1/messages", &format!("x#{n}"), &message(n))
            .await;
        assert_eq!(single.status.as_u16(), 202, "{}", single.text());
    }
    let batch = json!({ "messages": [message(10), message(11), message(12)] });
    let first = client
        .post_keyed("/api/v1/messages/batch", "x", &batch)
        .await
        .ok()
        .json();
    let ids = |answer: &Value| -> Vec<Value> {
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["message"]["id"].clone())
            .collect()
    };
    assert!(ids(&first).iter().all(Value::is_string), "{first}");
    let again = client
        .post_keyed("/api/v1/messages/batch", "x", &batch)
        .await
        .ok()
        .json();
    assert_eq!(ids(&again), ids(&first));
    assert!(
        HeaderValue::from_str("x\u{1f}0").is_err(),
        "no header holds the key of a message in a batch"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 6);
}
