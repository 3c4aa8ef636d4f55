//! What waits for an endpoint, as its owner and the operator see it.

use chrono::{TimeDelta, Utc};
use mainstay::domain::EndpointId;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{URI, add, another_tenant, uri};
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, text},
};

/// Receives so many messages.
async fn receive(test: &TestApp, count: usize) {
    for n in 0..count {
        let wamid = format!("wamid.{n}.{}", test.app.clock.now());
        test.receive(&text(ANA, &wamid, T0 + n as i64, "Hello")).await;
    }
}

fn near(seconds: &Value, expected: f64) -> bool {
    seconds
        .as_f64()
        .is_some_and(|it| (expected..expected + 30.0).contains(&it))
}

#[both_databases]
async fn the_backlog_of_an_endpoint_is_its_number_and_the_age_of_the_oldest(test: TestApp) {
    let client = Client::tenant(&test);
    let slow = add(&client, json!({ "event_types": ["message.received"] })).await;
    let idle = add(&client, json!({ "event_types": ["channel.*"] })).await;
    receive(&test, 1).await;
    test.advance(TimeDelta::minutes(10));
    receive(&test, 2).await;

    let stats = client.get(&format!("{}/stats", uri(&slow))).await.ok().json();
    assert_eq!(stats["backlog"]["waiting"], 3, "{stats:#}");
    assert!(near(&stats["backlog"]["oldest_seconds"], 600.0), "{stats:#}");
    let listed = client.get(URI).await.ok().json();
    let backlog = |of: &Value| {
        let mut all = listed["data"].as_array().unwrap().iter();
        all.find(|it| it["id"] == of["id"]).unwrap()["standing"]["backlog"].clone()
    };
    assert_eq!(backlog(&slow)["waiting"], 3, "{listed:#}");
    assert!(near(&backlog(&slow)["oldest_seconds"], 600.0), "{listed:#}");
    assert_eq!(backlog(&idle), json!({ "waiting": 0, "oldest_seconds": null }));

    const DONE: &str = "UPDATE deliveries SET state = 'done' WHERE created_at < $1";
    let since = test.app.clock.now() - TimeDelta::minutes(5);
    test.app.db.sql(DONE, (since,)).run().await.unwrap();
    let shown = client.get(&uri(&slow)).await.ok().json();
    assert_eq!(shown["standing"]["backlog"]["waiting"], 2, "{shown:#}");
    assert!(near(&shown["standing"]["backlog"]["oldest_seconds"], 0.0), "{shown:#}");

    let others = another_tenant(&test).await;
    let theirs = add(&others, json!({})).await;
    let stats = others.get(&format!("{}/stats", uri(&theirs))).await.ok().json();
    assert_eq!(stats["backlog"]["waiting"], 0, "{stats:#}");
}

#[both_databases]
async fn the_operator_sees_what_waits_behind_the_jobs_of_endpoints(test: TestApp) {
    let client = Client::tenant(&test);
    add(&client, json!({ "event_types": ["message.received"] })).await;
    add(&client, json!({ "event_types": ["message.*"] })).await;
    receive(&test, 3).await;
    test.advance(TimeDelta::minutes(2));
    let operator = Client::operator(&test.app);
    let queue = operator.get("/admin/queues/webhook-deliveries").await.ok().json();
    assert_eq!(queue["deliveries"]["waiting"], 6, "{queue:#}");
    assert!(near(&queue["deliveries"]["oldest_seconds"], 120.0), "{queue:#}");
    let queues = operator.get("/admin/queues").await.ok().json();
    for queue in queues["data"].as_array().unwrap() {
        let has = queue["name"] == "webhook-deliveries";
        assert_eq!(queue["deliveries"].is_object(), has, "{queue:#}");
    }
}

#[both_databases]
async fn a_replay_says_that_the_circuit_breaker_is_open(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({ "event_types": ["message.received"] })).await;
    let replay = async || {
        let request = json!({ "from": "2026-01-01T00:00:00Z", "states": ["done", "dead"] });
        client.post(&format!("{}/replay", uri(&endpoint)), request).await.json()
    };
    assert_eq!(replay().await["breaker"], Value::Null);
    const TRIP: &str = "UPDATE endpoints SET tripped_at = $2, probe_at = $3, failures_in_row = 10 WHERE id = $1";
    let (id, at) = (endpoint["id"].as_str().unwrap(), test.app.clock.now());
    let probe = at + TimeDelta::minutes(5);
    let id: EndpointId = id.parse().unwrap();
    test.app.db.sql(TRIP, (id, at, probe)).run().await.unwrap();
    let answer = replay().await;
    let time = |member: &str| {
        answer["breaker"][member]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<Utc>>()
            .unwrap()
    };
    assert_eq!((time("tripped_at"), time("probe_at")), (at, probe), "{answer:#}");
    let shown = client.get(&uri(&endpoint)).await.ok().json();
    assert_eq!(shown["standing"]["breaker"], answer["breaker"]);
}
