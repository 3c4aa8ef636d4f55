use chrono::TimeDelta;
use mainstay::{
    domain::{Ctx, Scopes},
    tenancy,
};
use mainstay_test_macros::both_databases;
use std::time::Duration;

use crate::support::{app::TestApp, http::Client, wait::wait_until};

#[both_databases]
async fn nobody_reads_without_a_live_key(test: TestApp) {
    let nobody = Client::of(&test.app);
    let answer = nobody.get("/api/v1/channels").await;
    assert_eq!(answer.problem(401), "unauthorized");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    for token in [
        "",
        "mk_",
        "operator-token-for-tests",
        &test.key[..60],
        &test.key.to_uppercase(),
    ] {
        assert_eq!(
            nobody.with(token).get("/api/v1/channels").await.problem(401),
            "unauthorized",
            "{token}"
        );
    }
    nobody.with(&test.key).get("/api/v1/channels").await.ok();
}

#[both_databases]
async fn a_revoked_key_ends_within_five_seconds(test: TestApp) {
    let client = Client::tenant(&test);
    client.get("/api/v1/channels").await.ok();
    let (id,): (mainstay::domain::ApiKeyId,) = test.app.db.sql("SELECT id FROM api_keys", ()).one().await.unwrap();
    tenancy::revoke_api_key(&test.registry, id).await.unwrap();
    test.advance(TimeDelta::milliseconds(5_001));
    assert_eq!(client.get("/api/v1/channels").await.problem(401), "unauthorized");
}

#[both_databases]
async fn a_key_does_what_its_scopes_say(test: TestApp) {
    let anybody = Client::of(&test.app);
    for (scopes, channels, events) in [
        ("read", 200, 403),
        ("events", 403, 200),
        ("write", 403, 403),
        ("read events", 200, 200),
    ] {
        let scopes: Scopes = scopes.parse().unwrap();
        let key = tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "a program", &scopes)
            .await
            .unwrap();
        let client = anybody.with(key.token.expose());
        for (uri, expected) in [("/api/v1/channels", channels), ("/api/v1/events", events)] {
            let answer = client.get(uri).await;
            assert_eq!(answer.status.as_u16(), expected, "{uri} with {scopes}");
            if expected == 403 {
                assert_eq!(answer.problem(403), "missing-permission");
            }
        }
    }
}

#[both_databases]
async fn the_last_use_of_a_key_is_noted_once_a_minute(test: TestApp) {
    const NOTED: &str = "SELECT COUNT(*) FROM api_keys WHERE last_used_at >= $1";
    let client = Client::tenant(&test);
    let noted = async |since: chrono::DateTime<chrono::Utc>| {
        let (count,): (i64,) = test.app.db.sql(NOTED, (since,)).one().await.unwrap();
        count == 1
    };
    let start = test.app.clock.now();
    client.get("/api/v1/channels").await.ok();
    wait_until(Duration::from_secs(5), "the first use is noted", async || {
        noted(start).await
    })
    .await;
    test.advance(TimeDelta::seconds(50));
    let soon = test.app.clock.now();
    client.get("/api/v1/channels").await.ok();
    assert!(!noted(soon).await);
    test.advance(TimeDelta::seconds(50));
    let later = test.app.clock.now();
    client.get("/api/v1/channels").await.ok();
    wait_until(Duration::from_secs(5), "a later use is noted", async || {
        noted(later).await
    })
    .await;
    assert_eq!(test.count("SELECT COUNT(*) FROM api_keys").await, 1);
}

#[tokio::test]
async fn each_key_has_a_rate_of_its_own() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.configured(|config| config.limits.api_rate = 1));
    let another = tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "another", &Scopes::all()).await;
    let (first, second) = (client.with(&test.key), client.with(another.unwrap().token.expose()));
    let answer = first.get("/api/v1/channels").await.ok();
    assert_eq!(answer.header("ratelimit-limit"), Some("2"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("1"));
    first.get("/api/v1/channels").await.ok();
    let limited = first.get("/api/v1/channels").await;
    assert_eq!(limited.problem(429), "rate-limited");
    assert_eq!(limited.header("retry-after"), Some("1"));
    second.get("/api/v1/channels").await.ok();
}
