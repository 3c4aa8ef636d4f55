//! What is asked for twice with one `Idempotency-Key` is done once.

use chrono::TimeDelta;
use mainstay::{
    domain::{Ctx, Scopes},
    tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::{
    deliveries::world::{event, happen},
    support::{
        app::TestApp,
        http::{Answer, Client},
        wait::wait_until,
    },
};

const URI: &str = "/api/v1/endpoints";

fn new() -> Value {
    json!({ "url": "https://example.com/webhooks", "event_types": ["*"] })
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

async fn endpoint(client: &Client) -> String {
    let made = client.post(URI, new()).await.json();
    format!("{URI}/{}", made["id"].as_str().expect("an id"))
}

#[both_databases]
async fn whatever_a_post_makes_is_made_once_and_answered_as_the_first_time(test: TestApp) {
    let client = Client::tenant(&test);
    let one = endpoint(&client).await;
    happen(&test.app.db, &test.app.clock, &[event(&test.app.clock, test.tenant)]).await;
    let delivery = client.get(&format!("{one}/deliveries")).await.ok().json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = json!({ "type": "text", "body": "Hello" });
    let local = client
        .post("/api/v1/message-templates", json!({ "name": "first", "content": text }))
        .await
        .json();
    let versions = format!(
        "/api/v1/message-templates/{}/versions",
        local["id"].as_str().unwrap_or_else(|| panic!("{local}"))
    );
    for (n, (uri, body)) in [
        (URI.to_owned(), new()),
        (format!("{one}/test"), Value::Null),
        (format!("{one}/secret/rotate"), Value::Null),
        (
            format!("{one}/replay"),
            json!({ "from": "2020-01-01T00:00:00Z", "states": ["done", "dead", "missing"] }),
        ),
        (format!("/api/v1/deliveries/{delivery}/retry"), Value::Null),
        (
            "/api/v1/message-templates".to_owned(),
            json!({ "name": "second", "content": text }),
        ),
        (versions, json!({ "content": text })),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("key-{n}");
        let first = client.post_keyed(&uri, &key, &body).await;
        assert!(
            first.status.is_success() && !replayed(&first),
            "{uri}: {}",
            first.text()
        );
        test.advance(TimeDelta::hours(1));
        let second = client.post_keyed(&uri, &key, &body).await;
        assert_eq!((second.status, second.json()), (first.status, first.json()), "{uri}");
        assert!(
            replayed(&second) && second.header("content-type") == Some("application/json"),
            "{uri}"
        );
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoints").await, 2);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM deliveries WHERE type = 'endpoint.test'")
            .await,
        1
    );
    let secrets = client.get(&format!("{one}/secret")).await.ok().json();
    let rotated = client
        .post_keyed(&format!("{one}/secret/rotate"), "key-2", &Value::Null)
        .await
        .json();
    assert_eq!(secrets, rotated, "it was rotated once");
    let (kept,): (Vec<u8>,) = test
        .app
        .db
        .sql("SELECT answer FROM idempotency_keys WHERE key = 'key-2'", ())
        .one()
        .await
        .unwrap();
    assert!(
        !kept.is_empty() && !String::from_utf8_lossy(&kept).contains("whsec_"),
        "it is sealed"
    );
}

#[both_databases]
async fn a_key_stands_for_one_request_of_one_tenant_for_a_day(test: TestApp) {
    let client = Client::tenant(&test);
    let made = client.post_keyed(URI, "one", &new()).await.json();
    let other = json!({ "url": "https://example.org/", "event_types": ["*"] });
    let message = json!({
        "channel_id": client.get("/api/v1/channels?limit=1").await.json()["data"][0]["id"],
        "to": { "phone": "+4915123456789" }, "type": "text", "text": { "body": "Hello" }, "if_window_closed": "queue",
    });
    for answer in [
        client.post_keyed(URI, "one", &other).await,
        client
            .post_keyed(&format!("{URI}/{}/test", made["id"].as_str().unwrap()), "one", &new())
            .await,
        client.post_keyed("/api/v1/messages", "one", &message).await,
    ] {
        assert_eq!(answer.problem(409), "key-reused");
    }
    assert_eq!(
        client
            .post_keyed("/api/v1/messages", "two", &message)
            .await
            .status
            .as_u16(),
        202
    );
    assert_eq!(
        client.post_keyed(URI, "two", &new()).await.problem(409),
        "key-reused",
        "a message has it"
    );
    let scopes: Scopes = "write events".parse().unwrap();
    let lesser = tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "lesser", &scopes)
        .await
        .unwrap();
    let lesser = Client::of(&test.app).with(lesser.token.expose());
    assert_eq!(
        lesser.post_keyed(URI, "one", &new()).await.problem(409),
        "key-reused",
        "of another scope"
    );
    let (_, stranger) = tenancy::create_tenant(&test.registry, "Books").await.unwrap();
    let stranger = Client::of(&test.app).with(stranger.token.expose());
    assert!(!replayed(&stranger.post_keyed(URI, "one", &new()).await));
    for key in ["", "schlüssel", &"k".repeat(256)] {
        assert_eq!(
            client.post_keyed(URI, key, &new()).await.problem(400),
            "invalid-request",
            "{key:?}"
        );
    }
    test.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
    let anew = client.post_keyed(URI, "one", &new()).await;
    assert!(!replayed(&anew) && anew.json()["id"] != made["id"], "{}", anew.text());
}

#[both_databases]
async fn what_was_refused_may_be_asked_again_with_its_key(test: TestApp) {
    let client = Client::tenant(&test);
    let wrong = json!({ "url": "https://10.0.0.1/", "event_types": ["*"] });
    for _ in 0..2 {
        assert_eq!(
            client.post_keyed(URI, "one", &wrong).await.problem(422),
            "invalid-field"
        );
    }
    assert_eq!(client.post_keyed(URI, "one", &new()).await.status.as_u16(), 201);
    let large = json!({ "url": "x".repeat(2 << 20) });
    assert_eq!(client.post_keyed(URI, "two", &large).await.problem(413), "too-large");
    assert_eq!(test.count("SELECT COUNT(*) FROM idempotency_keys").await, 1);
}

#[both_databases]
async fn two_at_once_with_one_key_make_one(test: TestApp) {
    let client = Client::tenant(&test);
    let (body, asks) = (new(), (0..8).map(|_| client.clone()));
    let answers = futures::future::join_all(asks.map(|client| {
        let body = body.clone();
        async move { client.post_keyed(URI, "one", &body).await }
    }))
    .await;
    for answer in answers {
        match answer.status.as_u16() {
            201 => {}
            _ => assert_eq!(answer.problem(409), "under-way"),
        }
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoints").await, 1);
    assert_eq!(client.post_keyed(URI, "one", &body).await.status.as_u16(), 201);
}

#[both_databases]
async fn what_was_begun_is_done_and_written_down_though_whoever_asked_has_gone(test: TestApp) {
    let client = Client::tenant(&test);
    for n in 0..20_u64 {
        let (key, body) = (format!("key-{n}"), new());
        let gone = client.post_keyed(URI, &key, &body);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(200 * n), gone).await;
        wait_until(std::time::Duration::from_secs(20), "it is answered", async || {
            client.post_keyed(URI, &key, &body).await.status.as_u16() == 201
        })
        .await;
    }
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoints").await, 20, "each once");
}

#[both_databases]
async fn of_a_request_whose_process_ended_it_is_said_that_nobody_knows(test: TestApp) {
    let client = Client::tenant(&test);
    client.post_keyed(URI, "one", &new()).await;
    // As the process leaves it that ends between the two.
    test.app
        .db
        .sql("UPDATE idempotency_keys SET http_status = NULL, answer = NULL", ())
        .run()
        .await
        .unwrap();
    let answer = client.post_keyed(URI, "one", &new()).await;
    assert_eq!(
        (answer.problem(409).as_str(), answer.header("retry-after")),
        ("under-way", Some("1"))
    );
    test.advance(TimeDelta::seconds(61));
    let answer = client.post_keyed(URI, "one", &new()).await;
    assert_eq!(
        (answer.problem(409).as_str(), answer.header("retry-after")),
        ("outcome-unknown", None)
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoints").await, 1);
}
