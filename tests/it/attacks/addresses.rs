//! Secrets in the addresses of endpoints, and headers that speak in our place.

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{app::TestApp, http::Client};

const URI: &str = "/api/v1/endpoints";

fn new(with: Value) -> Value {
    let mut body = json!({ "url": "https://example.com/webhooks", "event_types": ["*"] });
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    body
}

#[both_databases]
async fn a_secret_in_an_address_is_refused_or_not_shown(test: TestApp) {
    let client = Client::tenant(&test);
    for url in [
        "https://user:hunter2@example.com/",
        "https://hunter2@example.com/",
        "https://:hunter2@example.com/",
    ] {
        let answer = client.post(URI, new(json!({ "url": url }))).await;
        assert_eq!(answer.problem(422), "invalid-field");
        let text = answer.text();
        assert!(text.contains("headers") && !text.contains("hunter2"), "{text}");
    }
    let made = client
        .post(URI, new(json!({ "url": "https://example.com/?token=hunter2&hunter2" })))
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let uri = format!("{URI}/{}", made.json()["id"].as_str().unwrap());
    let shown = "https://example.com/?token=***&***";
    for answer in [
        made,
        client.get(&uri).await,
        client.get(URI).await,
        client.patch(&uri, json!({ "description": "x" })).await,
    ] {
        let text = answer.text();
        assert!(text.contains(shown) && !text.contains("hunter2"), "{text}");
    }
    let stored = || async {
        let rows: Vec<(String,)> = test.app.db.sql("SELECT url FROM endpoints", ()).all().await.unwrap();
        rows[0].0.clone()
    };
    // Whoever writes back what they read changes nothing.
    client
        .patch(&uri, json!({ "url": shown, "description": "y" }))
        .await
        .ok();
    assert_eq!(stored().await, "https://example.com/?token=hunter2&hunter2");
    client
        .patch(&uri, json!({ "url": "https://example.com/?token=***" }))
        .await
        .problem(422);
    client
        .patch(&uri, json!({ "url": "https://example.com/?token=new" }))
        .await
        .ok();
    assert_eq!(stored().await, "https://example.com/?token=new");
}

#[both_databases]
async fn a_header_of_a_tenant_says_nothing_in_our_place(test: TestApp) {
    let client = Client::tenant(&test);
    let long = "x".repeat(101);
    for name in [
        "host",
        "Host",
        "content-length",
        "content_length",
        "transfer-encoding",
        "Transfer_Encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
        "http2-settings",
        "via",
        "forwarded",
        "webhook-id",
        "webhook_id",
        "Webhook_Signature",
        "webhook-timestamp",
        "webhook_anything",
        "user-agent",
        "user_agent",
        "content-type",
        "content_type",
        "x y",
        "x\u{0}",
        "",
        &long,
    ] {
        let answer = client.post(URI, new(json!({ "headers": { name: "x" } }))).await;
        assert_eq!(answer.problem(422), "invalid-field", "{name:?}");
        assert_eq!(
            answer.json()["field"]
                .as_str()
                .map(|field| field.starts_with("headers")),
            Some(true),
            "{name:?}"
        );
    }
    for value in ["a\r\nhost: b", "a\nb", "é", "a\u{7f}", &"x".repeat(1_025)] {
        client
            .post(URI, new(json!({ "headers": { "x-a": value } })))
            .await
            .problem(422);
    }
    let many = |count: usize, length: usize| {
        Value::from_iter((0..count).map(|n| (format!("x-{n}"), json!("x".repeat(length)))))
    };
    client
        .post(URI, new(json!({ "headers": many(21, 1) })))
        .await
        .problem(422);
    client
        .post(URI, new(json!({ "headers": many(20, 1_024) })))
        .await
        .problem(422);
    client
        .post(URI, new(json!({ "headers": { "x-a": "1", "x_a": "2" } })))
        .await
        .problem(422);
    for good in [
        json!({ "authorization": "Bearer x" }),
        json!({ "x".repeat(100): "x" }),
        many(20, 300),
    ] {
        let answer = client.post(URI, new(json!({ "headers": good }))).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    }
}
