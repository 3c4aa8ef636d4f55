//! What `mainstay endpoint` tells of an endpoint that does not answer.

use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::domain::{EndpointId, TenantId};

#[tokio::test]
async fn the_list_and_a_replay_tell_of_backlog_and_circuit_breaker() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let tenant = on(&operator, "tenant create Olaria").await;
    let added = on(
        &operator,
        "endpoint add --tenant Olaria --url https://example.com/hooks",
    )
    .await;
    let id = added["id"].as_str().unwrap();
    let quiet = try_on(&operator, "endpoint list").await.unwrap();
    assert_eq!(
        (&quiet.json[0]["backlog"], &quiet.json[0]["breaker_open_since"]),
        (&json!(0), &Value::Null)
    );
    assert!(!quiet.text.contains("wait"), "{}", quiet.text);

    const DELIVERY: &str = "
        INSERT INTO deliveries (endpoint_id, id, tenant_id, event_id, sequence, type, due_at, created_at)
        VALUES ($1, $2, $3, $2, 1, 'message.received', $4, $4)";
    const TRIP: &str = "
        UPDATE endpoints SET tripped_at = $2, probe_at = $3, failing_since = $2, last_error = 'HTTP 503' WHERE id = $1";
    let (endpoint, owner): (EndpointId, TenantId) =
        (id.parse().unwrap(), tenant["id"].as_str().unwrap().parse().unwrap());
    let now = operator.registry.clock.now();
    for minutes in [20, 10] {
        let delivery: Uuid = crate::clock::uuid_at(now);
        let args = (endpoint, delivery, owner, now - TimeDelta::minutes(minutes));
        operator.registry.db.sql(DELIVERY, args).run().await.unwrap();
    }
    let trip = (endpoint, now, now + TimeDelta::minutes(5));
    operator.registry.db.sql(TRIP, trip).run().await.unwrap();

    let listed = try_on(&operator, "endpoint list").await.unwrap();
    assert_eq!(listed.json[0]["backlog"], 2, "{}", listed.json);
    assert!(
        listed.json[0]["oldest_seconds"].as_f64().unwrap() >= 1_200.0,
        "{}",
        listed.json
    );
    assert!(listed.json[0]["breaker_open_since"].is_string(), "{}", listed.json);
    for part in [
        "2 deliveries wait, the oldest for 20 min",
        "circuit breaker open since 20",
        "HTTP 503",
    ] {
        assert!(listed.text.contains(part), "{part}: {}", listed.text);
    }
    let line = format!("endpoint replay --tenant Olaria {id} --from 2026-01-01");
    let replayed = try_on(&operator, &line).await.unwrap();
    assert!(replayed.json["breaker"]["probe_at"].is_string(), "{}", replayed.json);
    assert!(
        replayed.text.contains("circuit breaker has been open since"),
        "{}",
        replayed.text
    );
}
