//! What an operator sees of dead letters and does with them.

use chrono::TimeDelta;
use mainstay::jobs::dead_letters::retry_dead;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::{count_each, operator, store};
use crate::support::app::TestApp;

fn data(page: &Value) -> &Vec<Value> {
    page["data"].as_array().unwrap()
}

#[both_databases]
async fn they_are_listed_queue_by_queue_with_what_becomes_of_them(test: TestApp) {
    store(&test, 5).await;
    let client = operator(&test);
    let (all, pages) = client.all("/admin/dead-letters?limit=4").await;
    assert_eq!((all.len(), pages), (15, 4));
    let queues: Vec<&str> = all.iter().map(|it| it["queue"].as_str().unwrap()).collect();
    assert_eq!(
        queues,
        [["inbound"; 5], ["media_variants"; 5], ["segment-counts"; 5]].concat()
    );
    let first = &all[0];
    assert_eq!(
        (&first["revivals"], &first["refused"], &first["last_error"]),
        (&json!(0), &json!(false), &json!("a fault"))
    );
    let at = |name: &str| {
        first[name]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    assert_eq!(at("revived_from") - at("dead_since"), TimeDelta::minutes(1));
    let one = client.get("/admin/dead-letters?queue=inbound").await.ok().json();
    assert_eq!(data(&one).len(), 5);
    assert_eq!(
        client.get("/admin/dead-letters?queue=nothing").await.problem(404),
        "not-found"
    );
    let archived = client.get("/admin/dead-letters?archived=true").await.ok().json();
    assert_eq!(data(&archived).len(), 0);
}

#[both_databases]
async fn one_is_archived_retried_and_discarded(test: TestApp) {
    store(&test, 1).await;
    let client = operator(&test);
    let list = "/admin/dead-letters?queue=inbound";
    let id = data(&client.get(list).await.ok().json())[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let job = |verb: &str| format!("/admin/queues/inbound/jobs/{id}/{verb}");
    let archived = client.post(&job("archive"), json!({})).await.ok().json();
    assert!(
        archived["archived_at"].is_string() && archived["state"] == "dead",
        "{archived}"
    );
    assert_eq!(client.post(&job("archive"), json!({})).await.problem(409), "conflict");
    assert_eq!(data(&client.get(list).await.ok().json()).len(), 0);
    let shown = client.get(&format!("{list}&archived=true")).await.ok().json();
    assert_eq!(
        (data(&shown).len(), &data(&shown)[0]["revived_from"]),
        (1, &json!(null))
    );
    let queue = client.get("/admin/queues/inbound").await.ok().json();
    assert_eq!((&queue["dead"], &queue["archived"]), (&json!(0), &json!(1)));
    let retried = client.post(&job("retry"), json!({})).await.ok().json();
    assert_eq!(
        (&retried["state"], &retried["archived_at"]),
        (&json!("pending"), &json!(null))
    );
    client.post(&job("discard"), json!({})).await.ok();
    assert_eq!(client.post(&job("archive"), json!({})).await.problem(409), "conflict");
}

#[both_databases]
async fn those_with_an_error_are_retried_together(test: TestApp) {
    store(&test, 6).await;
    let other =
        "UPDATE raw_events SET last_error = 'another', revivals = 2 WHERE id IN (SELECT id FROM raw_events LIMIT 2)";
    test.app.db.sql(other, ()).run().await.unwrap();
    let client = operator(&test);
    let retry = "/admin/dead-letters/retry";
    let retried = client
        .post(retry, json!({ "queue": "inbound", "error": "another" }))
        .await
        .ok()
        .json();
    assert_eq!(retried, json!({ "retried": 2, "more": false }));
    assert_eq!(
        count_each(&test.app, "state = 'pending' AND revivals = 0").await,
        [2, 0, 0]
    );
    let retried = client
        .post(retry, json!({ "queue": "inbound", "archived": true }))
        .await
        .ok()
        .json();
    assert_eq!(retried["retried"], 0);
    let retried = client.post(retry, json!({ "queue": "inbound" })).await.ok().json();
    assert_eq!(retried["retried"], 4);
    assert_eq!(
        client.post(retry, json!({ "queue": "nothing" })).await.problem(404),
        "not-found"
    );
    let long = client
        .post(retry, json!({ "queue": "inbound", "error": "x".repeat(1_001) }))
        .await;
    assert_eq!(long.problem(422), "invalid-field");
}

#[both_databases]
async fn the_figures_of_every_queue_are_shown(test: TestApp) {
    store(&test, 3).await;
    test.advance(TimeDelta::minutes(2));
    retry_dead(&test.app).await.unwrap();
    let all = operator(&test).get("/admin/dead-letters/stats").await.ok().json();
    assert_eq!(data(&all).len(), mainstay::jobs::QUEUES.len());
    let of = |name: &str| data(&all).iter().find(|it| it["queue"] == name).unwrap();
    assert_eq!(
        (&of("inbound")["revived"], &of("inbound")["retrying"]),
        (&json!(3), &json!(3))
    );
    for (queue, revives) in [
        ("inbound", true),
        ("outbound", true),
        ("media_variants", true),
        ("segment-counts", true),
        ("webhook-deliveries", false),
        ("media_inbound", false),
        ("imports", false),
        ("retry-dead", false),
    ] {
        assert_eq!(of(queue)["revives"], revives, "{queue}");
    }
}

#[both_databases]
async fn a_request_retries_two_thousand(test: TestApp) {
    store(&test, 2_001).await;
    let client = operator(&test);
    for (retried, more) in [(2_000, true), (1, false)] {
        let answer = client
            .post("/admin/dead-letters/retry", json!({ "queue": "inbound" }))
            .await;
        assert_eq!(answer.ok().json(), json!({ "retried": retried, "more": more }));
    }
}
