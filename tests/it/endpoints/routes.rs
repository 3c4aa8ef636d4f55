use chrono::TimeDelta;
use mainstay::crypto::WebhookSecret;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{URI, add, another_tenant, body, uri, with_scopes};
use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn an_endpoint_is_added_shown_changed_and_deleted(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let added = add(&client, json!({
        "description": " For the shop ", "event_types": ["message.read", "message.*", "contact.created"], "channels": [channel],
        "rate_limit_per_second": 50, "headers": { "X-Gateway-Key": "s3cret", "authorization": "Bearer s3cret" }, "ordered": true,
        "max_concurrent": 3,
    })).await;
    let expected = json!({
        "url": "https://example.com/webhooks", "description": "For the shop", "event_types": ["contact.created", "message.*"],
        "channels": [channel], "rate_limit_per_second": 50, "header_names": ["authorization", "x-gateway-key"], "ordered": true,
        "max_concurrent": 3, "enabled": true, "disabled": null,
    });
    let standing = json!({
        "failing_since": null, "failures_in_row": 0, "last_error": null, "last_error_at": null, "last_success_at": null, "breaker": null,
        "held_until": null, "backlog": { "waiting": 0, "oldest_seconds": null },
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&added[member], value, "{member}");
    }
    assert_eq!(added["standing"], standing);
    assert!(
        !added.to_string().contains("s3cret") && !added.to_string().contains("whsec_"),
        "{added}"
    );
    assert_eq!(client.get(&uri(&added)).await.ok().json(), added);

    let patch = async |change: Value| client.patch(&uri(&added), change).await.ok().json();
    test.advance(TimeDelta::seconds(1));
    assert_eq!(
        patch(json!({ "ordered": false })).await["header_names"],
        added["header_names"],
        "what is not named stays"
    );
    let changed = patch(json!({
        "url": "https://example.org/", "description": null, "event_types": ["*"], "channels": null, "rate_limit_per_second": null,
        "headers": {}, "max_concurrent": null, "enabled": false,
    })).await;
    let expected = json!({
        "id": added["id"], "url": "https://example.org/", "description": null, "event_types": ["*"], "channels": null,
        "rate_limit_per_second": null, "header_names": [], "ordered": false, "max_concurrent": 10, "enabled": false,
        "created_at": added["created_at"],
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&changed[member], value, "{member}");
    }
    assert!(
        changed["disabled"]["reason"].is_string() && changed["updated_at"].as_str() > added["updated_at"].as_str(),
        "{changed}"
    );
    assert_eq!(patch(json!({ "enabled": true })).await["disabled"], Value::Null);
    assert_eq!(patch(json!({})).await["url"], "https://example.org/");

    assert_eq!(client.delete(&uri(&added)).await.status.as_u16(), 204);
    for answer in [
        client.get(&uri(&added)).await,
        client.delete(&uri(&added)).await,
        client.patch(&uri(&added), json!({ "enabled": true })).await,
        client.get(&format!("{}/secret", uri(&added))).await,
        client.get(&format!("{}/deliveries", uri(&added))).await,
    ] {
        assert_eq!(answer.problem(404), "not-found");
    }
    assert_eq!(client.all(&format!("{URI}?limit=9")).await.0.len(), 0);
}

#[both_databases]
async fn a_list_of_endpoints_shows_every_one_once_and_only_the_tenants(test: TestApp) {
    let client = Client::tenant(&test);
    let mut added = Vec::new();
    for n in 0..7 {
        added.push(add(&client, json!({ "headers": { "x-number": n.to_string() } })).await);
    }
    for limit in [1, 3, 7, 200] {
        let (rows, pages) = client.all(&format!("{URI}?limit={limit}")).await;
        assert_eq!(
            (rows.as_slice(), pages),
            (added.as_slice(), added.len().div_ceil(limit)),
            "by {limit}"
        );
    }
    let stranger = another_tenant(&test).await;
    assert_eq!(stranger.all(&format!("{URI}?limit=9")).await.0.len(), 0);
    let theirs = uri(&added[0]);
    for (what, answer) in [
        ("show", stranger.get(&theirs).await),
        ("change", stranger.patch(&theirs, json!({ "enabled": false })).await),
        ("delete", stranger.delete(&theirs).await),
        ("secret", stranger.get(&format!("{theirs}/secret")).await),
        (
            "rotate",
            stranger.post(&format!("{theirs}/secret/rotate"), Value::Null).await,
        ),
        ("test", stranger.post(&format!("{theirs}/test"), Value::Null).await),
        ("stats", stranger.get(&format!("{theirs}/stats")).await),
        ("deliveries", stranger.get(&format!("{theirs}/deliveries")).await),
        (
            "replay",
            stranger
                .post(&format!("{theirs}/replay"), json!({ "from": "2026-01-01T00:00:00Z" }))
                .await,
        ),
    ] {
        assert_eq!(answer.problem(404), "not-found", "{what}");
    }
    assert_eq!(client.get(&theirs).await.ok().json(), added[0], "nothing came of it");
}

#[both_databases]
async fn a_tenant_has_a_hundred_endpoints_at_most(test: TestApp) {
    let client = Client::tenant(&test);
    let first = add(&client, json!({})).await;
    for _ in 1..100 {
        add(&client, json!({})).await;
    }
    assert_eq!(client.post(URI, body(json!({}))).await.problem(403), "quota-reached");
    assert_eq!(client.delete(&uri(&first)).await.status.as_u16(), 204);
    add(&client, json!({})).await;
}

#[both_databases]
async fn a_secret_is_replaced_and_the_one_before_is_good_for_a_day(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({})).await;
    let show = async || client.get(&format!("{}/secret", uri(&endpoint))).await.ok().json();
    let rotate = async || {
        client
            .post(&format!("{}/secret/rotate", uri(&endpoint)), Value::Null)
            .await
            .ok()
            .json()
    };
    let first = show().await;
    assert!(
        WebhookSecret::parse(first["secret"].as_str().unwrap()).is_ok(),
        "{first}"
    );
    assert_eq!(first["previous"], Value::Null);
    let second = rotate().await;
    assert_ne!(second["secret"], first["secret"]);
    assert_eq!(second["previous"]["secret"], first["secret"]);
    assert_eq!(show().await, second);
    let third = rotate().await;
    assert_eq!(
        third["previous"]["secret"], second["secret"],
        "of two rotations in a day the older one ends"
    );
    test.advance(TimeDelta::hours(24) - TimeDelta::seconds(60));
    assert_eq!(show().await, third);
    test.advance(TimeDelta::seconds(61));
    assert_eq!(show().await, json!({ "secret": third["secret"], "previous": null }));
    let another = add(&client, json!({})).await;
    assert_ne!(
        client.get(&format!("{}/secret", uri(&another))).await.ok().json()["secret"],
        third["secret"]
    );
    let (stored,): (Vec<u8>,) = test
        .app
        .db
        .sql("SELECT secret FROM endpoints ORDER BY id LIMIT 1", ())
        .one()
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("whsec_"), "it is sealed");
}

#[both_databases]
async fn who_says_where_events_go_may_write_and_follow_them(test: TestApp) {
    let endpoint = add(&Client::tenant(&test), json!({})).await;
    let (one, from) = (uri(&endpoint), json!({ "from": "2026-01-01T00:00:00Z" }));
    for (scopes, reads, follows, subscribes) in [
        ("read", false, false, false),
        ("write", true, false, false),
        ("events", false, true, false),
        ("read write", true, false, false),
        ("read events", false, true, false),
        ("write events", true, true, true),
    ] {
        let client = with_scopes(&test, scopes).await;
        for (what, allowed, answer) in [
            ("list", reads, client.get(URI).await),
            ("show", reads, client.get(&one).await),
            ("stats", reads, client.get(&format!("{one}/stats")).await),
            ("deliveries", follows, client.get(&format!("{one}/deliveries")).await),
            ("secret", subscribes, client.get(&format!("{one}/secret")).await),
            (
                "rotate",
                subscribes,
                client.post(&format!("{one}/secret/rotate"), Value::Null).await,
            ),
            (
                "test",
                subscribes,
                client.post(&format!("{one}/test"), Value::Null).await,
            ),
            (
                "replay",
                subscribes,
                client.post(&format!("{one}/replay"), from.clone()).await,
            ),
            ("add", subscribes, client.post(URI, body(json!({}))).await),
            (
                "change",
                subscribes,
                client.patch(&one, json!({ "description": scopes })).await,
            ),
        ] {
            match allowed {
                true => assert!(answer.status.is_success(), "{what} with {scopes}: {}", answer.text()),
                false => assert_eq!(answer.problem(403), "missing-permission", "{what} with {scopes}"),
            }
        }
    }
    for scopes in ["read events", "write"] {
        assert_eq!(
            with_scopes(&test, scopes).await.delete(&one).await.problem(403),
            "missing-permission"
        );
    }
    assert_eq!(
        with_scopes(&test, "write events")
            .await
            .delete(&one)
            .await
            .status
            .as_u16(),
        204
    );
}
