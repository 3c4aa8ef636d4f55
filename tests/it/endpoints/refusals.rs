use mainstay::{domain::ChannelId, tenancy};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{URI, add, another_tenant, body, uri};
use crate::support::{app::TestApp, http::Client};

/// A member, a value that will not do, and the limit it breaks if there is one.
fn refused(unknown: &str, theirs: &str) -> Vec<(&'static str, Value, Option<u64>)> {
    let headers = |count: usize| Value::from_iter((0..count).map(|n| (format!("x-{n}"), json!("x"))));
    vec![
        ("url", json!("http://example.com/"), None),
        ("url", json!("https://10.0.0.1/"), None),
        ("url", json!("https://0x7f.1/"), None),
        ("url", json!("https://[::ffff:169.254.169.254]/"), None),
        ("url", json!("https://user:hunter2@example.com/"), None),
        ("url", json!("ftp://example.com/"), None),
        ("url", json!("example.com"), None),
        ("url", json!(""), None),
        (
            "url",
            json!(format!("https://example.com/{}", "x".repeat(2_048))),
            Some(2_048),
        ),
        ("description", json!("x".repeat(501)), Some(500)),
        ("event_types", json!([]), None),
        ("event_types", json!(["message"]), None),
        ("event_types", json!(["message.received", "me*"]), None),
        ("event_types", json!(vec!["message.read"; 101]), Some(100)),
        ("channels", json!([]), Some(100)),
        ("channels", json!([unknown]), None),
        ("channels", json!([theirs]), None),
        ("rate_limit_per_second", json!(0), Some(10_000)),
        ("rate_limit_per_second", json!(10_001), Some(10_000)),
        ("max_concurrent", json!(0), Some(100)),
        ("max_concurrent", json!(101), Some(100)),
        ("headers", json!({ "host": "example.org" }), None),
        ("headers", json!({ "Webhook-Id": "evt_1" }), None),
        ("headers", json!({ "x y": "z" }), None),
        ("headers", json!({ "x-split": "a\r\nhost: b" }), None),
        ("headers", headers(21), Some(20)),
    ]
}

#[both_databases]
async fn what_will_not_do_is_named_with_the_limit_it_breaks_and_nothing_is_kept(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({})).await;
    let (other, _) = tenancy::create_tenant(&test.registry, "Books").await.unwrap();
    let theirs = test
        .add_channel(other.id, "106540352242923", "102290129340399")
        .await
        .id
        .to_string();
    let unknown: ChannelId = test.app.clock.new_id();
    for (member, value, limit) in refused(&unknown.to_string(), &theirs) {
        for answer in [
            client.post(URI, body(json!({ member: value }))).await,
            client.patch(&uri(&endpoint), json!({ member: value })).await,
        ] {
            assert_eq!(answer.problem(422), "invalid-field", "{member}: {value}");
            let problem = answer.json();
            assert_eq!(
                (&problem["field"], problem["limit"].as_u64()),
                (&json!(member), limit),
                "{problem}"
            );
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }
    assert_eq!(client.get(&uri(&endpoint)).await.ok().json(), endpoint);
    assert_eq!(client.all(&format!("{URI}?limit=9")).await.0.len(), 1);
}

#[both_databases]
async fn a_body_of_another_shape_is_refused(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({})).await;
    for with in [
        json!({ "colour": "red" }),
        json!({ "url": null }),
        json!({ "url": 7 }),
        json!({ "event_types": "*" }),
        json!({ "headers": ["x"] }),
        json!({ "channels": ["msg_0198aaaabbbb7ccc8dddeeeeffff0001"] }),
        json!({ "enabled": "yes" }),
        json!({ "max_concurrent": 1.5 }),
    ] {
        assert_eq!(
            client.post(URI, body(with.clone())).await.problem(422),
            "invalid-field",
            "{with}"
        );
    }
    for (change, field) in [
        (json!({ "colour": "red" }), "colour"),
        (json!({ "id": endpoint["id"] }), "id"),
        (json!({ "secret": "whsec_x" }), "secret"),
    ] {
        let refused = client.patch(&uri(&endpoint), change.clone()).await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json()["field"]),
            ("invalid-field", &json!(field)),
            "{change}"
        );
    }
    assert_eq!(
        client.patch(&uri(&endpoint), json!("*")).await.problem(422),
        "invalid-request"
    );
    assert_eq!(
        client.post(URI, json!({ "url": "https://example.com/" })).await.json()["field"],
        "event_types"
    );
    assert_eq!(
        client
            .get("/api/v1/endpoints/evt_0198aaaabbbb7ccc8dddeeeeffff0001")
            .await
            .problem(400),
        "invalid-request"
    );
}

#[both_databases]
async fn a_replay_says_which_range_and_what_of_it(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({})).await;
    let replay = async |request: Value| client.post(&format!("{}/replay", uri(&endpoint)), request).await;
    let from = "2026-01-01T00:00:00Z";
    for (request, field) in [
        (json!({ "from": from, "to": from }), "from"),
        (json!({ "from": "2099-01-01T00:00:00Z" }), "from"),
        (json!({ "from": from, "states": [] }), "states"),
        (json!({ "from": from, "event_types": ["x"] }), "event_types"),
        (json!({ "from": from, "cursor": "x" }), "cursor"),
        (
            json!({ "from": from, "cursor": "had:msg_0198aaaabbbb7ccc8dddeeeeffff0001" }),
            "cursor",
        ),
    ] {
        let answer = replay(request.clone()).await;
        assert_eq!(answer.problem(422), "invalid-field", "{request}");
        assert_eq!(answer.json()["field"], field, "{request}");
    }
    for request in [
        json!({}),
        json!({ "from": "yesterday" }),
        json!({ "from": from, "states": ["pending"] }),
        json!({ "from": from, "x": 1 }),
    ] {
        assert_eq!(replay(request.clone()).await.problem(422), "invalid-field", "{request}");
    }
    assert_eq!(
        replay(json!({ "from": from })).await.json(),
        json!({ "replayed": 0, "next_cursor": null, "breaker": null })
    );
}

#[both_databases]
async fn what_is_not_understood_is_said_in_words_for_whoever_wrote_it(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = uri(&add(&client, json!({})).await);
    let replay = format!("{endpoint}/replay");
    for (answer, expected) in [
        (
            client.post(URI, json!({ "url": "https://example.com" })).await,
            "event_types: is missing",
        ),
        (
            client.patch(&endpoint, json!({ "enabled": "yes" })).await,
            "enabled: must be true or false",
        ),
        (
            client.post(&replay, json!({ "from": "yesterday" })).await,
            "from: expected a time such as 2026-",
        ),
        (
            client
                .post(&replay, json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-02-01" }))
                .await,
            "to: expected a time such as 2026-",
        ),
        (
            client.get(&format!("{URI}/ep_1")).await,
            "The address is not understood: expected an id of the form ep_",
        ),
        (
            client.get(&format!("{endpoint}/deliveries?state=lost")).await,
            "The parameters are not understood: state:",
        ),
    ] {
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(expected) && detail.ends_with('.') && !detail.contains("ailed to"),
            "{detail}"
        );
        let kind = if answer.status.as_u16() == 422 {
            "invalid-field"
        } else {
            "invalid-request"
        };
        assert_eq!(answer.problem(answer.status.as_u16()), kind);
    }
}

#[both_databases]
async fn a_disabled_endpoint_is_neither_tested_nor_replayed_to(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({ "enabled": false })).await;
    for (what, request) in [
        ("test", Value::Null),
        ("replay", json!({ "from": "2026-01-01T00:00:00Z" })),
    ] {
        let answer = client.post(&format!("{}/{what}", uri(&endpoint)), request).await;
        assert_eq!(answer.problem(409), "wrong-state", "{what}");
    }
    let strangers = another_tenant(&test).await;
    assert_eq!(
        strangers
            .post(&format!("{}/test", uri(&endpoint)), Value::Null)
            .await
            .problem(404),
        "not-found"
    );
}
