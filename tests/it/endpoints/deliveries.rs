//! Deliveries as the API shows them. Nothing is sent here: what becomes of them is written into their rows.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{URI, add, another_tenant, uri, with_scopes};
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, BEN, T0, text},
};

const NOWHERE: &str = "/api/v1/deliveries/dlv_0198aaaabbbb7ccc8dddeeeeffff0001";

fn texts<'v>(rows: &'v [Value], member: &str) -> Vec<&'v str> {
    rows.iter().map(|row| row[member].as_str().expect("a text")).collect()
}

/// Has everything of a type ended in this state.
async fn end_all(test: &TestApp, kind: &str, state: &str) {
    const SQL: &str = "UPDATE deliveries SET state = $2, finished_at = $3, attempts = 1 WHERE type = $1";
    let ended = test
        .app
        .db
        .sql(SQL, (kind, state, test.app.clock.now()))
        .run()
        .await
        .unwrap();
    assert!(ended > 0, "{kind}");
}

#[both_databases]
async fn every_event_that_is_wanted_is_on_its_way_and_no_other(test: TestApp) {
    let client = Client::tenant(&test);
    test.receive(&text(BEN, "wamid.before", T0, "too early")).await;
    let all = add(&client, json!({})).await;
    let contacts = add(&client, json!({ "event_types": ["contact.created"] })).await;
    let disabled = add(&client, json!({ "enabled": false })).await;
    test.receive(&text(ANA, "wamid.1", T0 + 1, "Hello")).await;
    let events = client.all("/api/v1/events?type=contact.created&limit=200").await.0;
    let (rows, _) = client.all(&format!("{}/deliveries?limit=200", uri(&contacts))).await;
    assert_eq!(texts(&rows, "event_type"), ["contact.created"]);
    let row = &rows[0];
    assert_eq!(row["event_id"], events.last().unwrap()["id"], "the one of Ana");
    let expected = json!({ "endpoint_id": contacts["id"], "state": "pending", "attempts": 0, "last_status": null, "last_error": null, "finished_at": null });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&row[member], value, "{member}");
    }
    assert_eq!(row["next_attempt_at"], row["created_at"]);
    let (rows, _) = client.all(&format!("{}/deliveries?limit=200", uri(&all))).await;
    let of_ana = client.all("/api/v1/events?after=0&limit=200").await.0;
    let of_ana: BTreeSet<&str> = of_ana
        .iter()
        .filter(|it| it["created_at"].as_str() > all["created_at"].as_str())
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(texts(&rows, "event_id").into_iter().collect::<BTreeSet<_>>(), of_ana);
    assert_eq!(
        client
            .all(&format!("{}/deliveries?limit=200", uri(&disabled)))
            .await
            .0
            .len(),
        0
    );
}

#[both_databases]
async fn deliveries_are_listed_by_state_and_type_and_every_one_once(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(
        &client,
        json!({ "event_types": ["message.received", "contact.created"] }),
    )
    .await;
    for n in 0..9 {
        let who = if n % 3 == 0 { BEN } else { ANA };
        test.receive(&text(who, &format!("wamid.{n}"), T0 + n, "Hello")).await;
    }
    end_all(&test, "contact.created", "dead").await;
    let list = format!("{}/deliveries", uri(&endpoint));
    for (filter, count) in [
        ("", 11),
        ("state=pending", 9),
        ("state=dead", 2),
        ("state=done", 0),
        ("event_type=message.received", 9),
        ("event_type=contact.created&state=dead", 2),
        ("event_type=message.received&state=dead", 0),
        ("event_type=nothing.like_it", 0),
    ] {
        for limit in [1, 4, 200] {
            let (rows, _) = client.all(&format!("{list}?{filter}&limit={limit}")).await;
            let ids = texts(&rows, "id");
            assert_eq!(ids.len(), count, "{filter} by {limit}");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count, "{filter} by {limit}");
        }
    }
    let (rows, _) = client.all(&format!("{list}?limit=4")).await;
    let created = texts(&rows, "created_at");
    assert!(created.is_sorted_by(|a, b| a >= b), "the newest first: {created:?}");
    assert_eq!(
        client.get(&format!("{list}?state=lost")).await.problem(400),
        "invalid-request"
    );
    assert_eq!(
        client.get(&format!("{list}?limit=201")).await.problem(400),
        "invalid-request"
    );
    let cursor = client.get(&format!("{URI}?limit=1")).await.ok().json()["next_cursor"].clone();
    assert_eq!(cursor, Value::Null);
    let foreign = client.get("/api/v1/events?limit=1").await.ok().json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client.get(&format!("{list}?cursor={foreign}")).await.problem(400),
        "invalid-cursor"
    );
}

#[both_databases]
async fn a_delivery_is_shown_and_made_again_by_its_own_tenant(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({ "event_types": ["message.received"] })).await;
    test.receive(&text(ANA, "wamid.1", T0, "Hello")).await;
    let listed = client.get(&format!("{}/deliveries", uri(&endpoint))).await.ok().json()["data"][0].clone();
    let one = format!("/api/v1/deliveries/{}", listed["id"].as_str().unwrap());
    let mut expected = listed.clone();
    expected["requests"] = json!([]);
    assert_eq!(client.get(&one).await.ok().json(), expected);

    end_all(&test, "message.received", "dead").await;
    let dead = client.get(&one).await.ok().json();
    assert_eq!(
        (&dead["state"], &dead["next_attempt_at"]),
        (&json!("dead"), &Value::Null)
    );
    test.advance(TimeDelta::hours(1));
    let again = client.post(&format!("{one}/retry"), Value::Null).await;
    assert_eq!(again.status.as_u16(), 202);
    let again = again.json();
    assert_eq!(
        (&again["state"], &again["event_id"], &again["finished_at"]),
        (&json!("pending"), &listed["event_id"], &Value::Null)
    );
    assert!(
        again["next_attempt_at"].as_str() > dead["created_at"].as_str(),
        "{again}"
    );

    let stranger = another_tenant(&test).await;
    for answer in [
        stranger.get(&one).await,
        stranger.post(&format!("{one}/retry"), Value::Null).await,
        client.get(NOWHERE).await,
    ] {
        assert_eq!(answer.problem(404), "not-found");
    }
    assert_eq!(
        client.post(&format!("{NOWHERE}/retry"), Value::Null).await.problem(404),
        "not-found"
    );
    assert_eq!(
        with_scopes(&test, "write").await.get(&one).await.problem(403),
        "missing-permission"
    );
    for scopes in ["read", "read write", "read events"] {
        let retried = with_scopes(&test, scopes)
            .await
            .post(&format!("{one}/retry"), Value::Null)
            .await;
        assert_eq!(retried.problem(403), "missing-permission", "{scopes}");
    }
    client.patch(&uri(&endpoint), json!({ "enabled": false })).await.ok();
    assert_eq!(
        client.post(&format!("{one}/retry"), Value::Null).await.problem(409),
        "wrong-state"
    );
}

#[both_databases]
async fn a_test_goes_to_the_one_endpoint_whatever_it_wants(test: TestApp) {
    let client = Client::tenant(&test);
    let (tested, other) = (
        add(&client, json!({ "event_types": ["order.received"] })).await,
        add(&client, json!({})).await,
    );
    let answer = client.post(&format!("{}/test", uri(&tested)), Value::Null).await;
    assert_eq!(answer.status.as_u16(), 202);
    let delivery = client
        .get(&format!(
            "/api/v1/deliveries/{}",
            answer.json()["delivery_id"].as_str().unwrap()
        ))
        .await
        .ok()
        .json();
    assert_eq!(
        (&delivery["event_type"], &delivery["endpoint_id"]),
        (&json!("endpoint.test"), &tested["id"])
    );
    let (rows, _) = client.all(&format!("{}/deliveries?limit=9", uri(&other))).await;
    assert_eq!(rows.len(), 0);
}

#[both_databases]
async fn a_range_is_made_again_and_what_was_never_sent_is_sent(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(
        &client,
        json!({ "event_types": ["message.received", "contact.created"] }),
    )
    .await;
    let begin = test.app.clock.now();
    test.receive(&text(ANA, "wamid.1", T0, "Hello")).await;
    end_all(&test, "message.received", "dead").await;
    end_all(&test, "contact.created", "done").await;
    client.patch(&uri(&endpoint), json!({ "enabled": false })).await.ok();
    test.advance(TimeDelta::seconds(1));
    test.receive(&text(ANA, "wamid.2", T0 + 1, "Anybody there?")).await;
    client.patch(&uri(&endpoint), json!({ "enabled": true })).await.ok();
    test.advance(TimeDelta::seconds(1));
    let pending = async || {
        client
            .all(&format!("{}/deliveries?state=pending&limit=9", uri(&endpoint)))
            .await
            .0
    };
    let replay = async |mut request: Value| {
        request["from"] = json!(begin);
        let answer = client.post(&format!("{}/replay", uri(&endpoint)), request).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
        answer.json()["replayed"].as_u64().unwrap()
    };
    assert_eq!(pending().await.len(), 0);
    assert_eq!(
        replay(json!({ "to": begin + TimeDelta::microseconds(1), "states": ["dead", "done", "missing"] })).await,
        0
    );
    assert_eq!(
        replay(json!({ "states": ["dead"], "event_types": ["contact.*"] })).await,
        0
    );
    assert_eq!(replay(json!({})).await, 1, "what is dead, unless more is said");
    assert_eq!(texts(&pending().await, "event_type"), ["message.received"]);
    assert_eq!(replay(json!({ "states": ["missing"] })).await, 1);
    assert_eq!(
        replay(json!({ "states": ["missing"] })).await,
        0,
        "it is on its way by now"
    );
    assert_eq!(
        replay(json!({ "states": ["done", "dead"], "event_types": ["*"] })).await,
        1
    );
    assert_eq!(pending().await.len(), 3);
    let events = client.all("/api/v1/events?type=message.received&limit=9").await.0;
    let rows = client
        .all(&format!(
            "{}/deliveries?event_type=message.received&limit=9",
            uri(&endpoint)
        ))
        .await
        .0;
    let (events, rows): (BTreeSet<_>, BTreeSet<_>) = (
        texts(&events, "id").into_iter().collect(),
        texts(&rows, "event_id").into_iter().collect(),
    );
    assert_eq!(events, rows, "the same ids as ever");
}

#[both_databases]
async fn statistics_of_an_endpoint_without_attempts_say_nothing_of_what_was_not_measured(test: TestApp) {
    let client = Client::tenant(&test);
    let endpoint = add(&client, json!({})).await;
    let stats = client.get(&format!("{}/stats", uri(&endpoint))).await.ok().json();
    let expected = json!({
        "attempts": 0, "succeeded": 0, "success_rate": null, "p50_ms": null, "p99_ms": null, "disabled": null, "failing_since": null,
        "failures_in_row": 0, "last_error": null, "last_error_at": null, "last_success_at": null, "breaker": null, "held_until": null,
        "backlog": { "waiting": 0, "oldest_seconds": null },
    });
    assert_eq!(stats, expected);
}
