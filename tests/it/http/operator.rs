use base64::{Engine, prelude::BASE64_STANDARD};
use mainstay::{config::Secret, domain::Id, inbound::INBOUND};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, change, message, text, to},
};

async fn states(test: &TestApp) -> Vec<String> {
    let rows: Vec<(String,)> = test
        .app
        .db
        .sql("SELECT state FROM raw_events ORDER BY id", ())
        .all()
        .await
        .unwrap();
    rows.into_iter().map(|(state,)| state).collect()
}

#[tokio::test]
async fn the_operators_routes_are_closed_without_the_token() {
    let test = TestApp::sqlite().await;
    let client = Client::of(&test.app);
    assert_eq!(client.get("/admin/tenants").await.problem(401), "unauthorized");
    assert_eq!(
        client
            .with("operator-token-for-test")
            .get("/admin/tenants")
            .await
            .problem(401),
        "unauthorized"
    );
    assert_eq!(
        client.with(&test.key).get("/admin/tenants").await.problem(401),
        "unauthorized"
    );
    let closed = Client::operator(&test.configured(|config| config.admin_token = None));
    let answer = closed.get("/admin/tenants").await;
    assert_eq!(answer.problem(403), "admin-closed");
    assert!(answer.text().contains("MAINSTAY_ADMIN_TOKEN"));
    let empty = Client::of(&test.configured(|config| config.admin_token = Some(Secret::new("0123456789abcdef"))));
    assert_eq!(empty.with("").get("/admin/tenants").await.problem(401), "unauthorized");
}

#[both_databases]
async fn a_tenant_is_set_up_and_its_secrets_are_never_shown(test: TestApp) {
    let operator = Client::operator(&test.app);
    let made = operator.post("/admin/tenants", json!({ "name": "Books & Co" })).await;
    assert_eq!(made.status.as_u16(), 201);
    let (tenant, key) = (
        made.json()["id"].as_str().unwrap().to_owned(),
        made.json()["api_key"].as_str().unwrap().to_owned(),
    );
    assert_eq!(
        operator
            .post("/admin/tenants", json!({ "name": "Books & Co" }))
            .await
            .problem(409),
        "conflict"
    );
    assert_eq!(
        operator
            .post("/admin/tenants", json!({ "name": " " }))
            .await
            .problem(400),
        "invalid-request"
    );
    let channels = format!("/admin/tenants/{tenant}/channels");
    let channel = json!({ "phone_number_id": "400000000000001", "waba_id": "400000000000002", "access_token": "EAAG-hidden", "app_secret": "hidden-secret" });
    let added = operator.post(&channels, channel.clone()).await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.text());
    assert_eq!(added.json()["released"], 0);
    let elsewhere = format!("/admin/tenants/{}/channels", test.tenant);
    assert_eq!(operator.post(&elsewhere, channel).await.problem(409), "conflict");
    let reader = Client::of(&test.app).with(&key);
    for shown in [
        operator.get(&channels).await.ok(),
        reader.get("/api/v1/channels").await.ok(),
    ] {
        assert_eq!(shown.json()["data"][0]["id"], added.json()["id"]);
        assert_eq!(shown.json()["data"][0]["has_app_secret"], true);
        for secret in ["hidden", "access_token", "app_secret\":\""] {
            assert!(!shown.text().contains(secret), "{}", shown.text());
        }
    }
    let (tenants, _) = operator.all("/admin/tenants?limit=1").await;
    assert_eq!(
        tenants
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["Acme", "Books & Co"]
    );
    assert!(tenants.iter().all(|one| one.get("sealed_key").is_none()));
}

#[both_databases]
async fn keys_are_made_listed_and_revoked(test: TestApp) {
    let operator = Client::operator(&test.app);
    let keys = format!("/admin/tenants/{}/keys", test.tenant);
    let made = operator
        .post(&keys, json!({ "name": "a bot", "scopes": ["read", "events"] }))
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let token = made.json()["api_key"].as_str().unwrap().to_owned();
    Client::of(&test.app).with(&token).get("/api/v1/events").await.ok();
    assert_eq!(
        operator
            .post(&keys, json!({ "name": "x", "scopes": ["rule"] }))
            .await
            .problem(400),
        "invalid-request"
    );
    assert_eq!(
        operator
            .post(&keys, json!({ "name": "x", "scopes": [] }))
            .await
            .problem(400),
        "invalid-request"
    );
    let nobody = "/admin/tenants/ten_0198aaaabbbb7ccc8dddeeeeffff0001/keys";
    assert_eq!(
        operator
            .post(nobody, json!({ "name": "x", "scopes": ["read"] }))
            .await
            .problem(404),
        "not-found"
    );
    assert_eq!(operator.get(nobody).await.problem(404), "not-found");
    let listed = operator.get(&keys).await.ok();
    assert!(!listed.text().contains(&token) && !listed.text().contains("digest"));
    assert_eq!(listed.json()["data"][1]["scopes"], json!(["read", "events"]));
    let uri = format!("/admin/keys/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(operator.delete(&uri).await.status.as_u16(), 204);
    assert_eq!(operator.delete(&uri).await.problem(404), "not-found");
    assert!(operator.get(&keys).await.ok().json()["data"][1]["revoked_at"].is_string());
    assert_eq!(
        Client::of(&test.app)
            .with(&token)
            .get("/api/v1/events")
            .await
            .problem(401),
        "unauthorized"
    );
}

#[both_databases]
async fn a_stored_webhook_is_found_and_shown_to_the_byte(test: TestApp) {
    let odd = test.store(vec![b'{', 0xff, b'}']).await;
    let body = text(ANA, "wamid.1", T0, "Hi").to_string();
    let hello = test.store(body.clone()).await;
    test.process_all(8).await;
    let operator = Client::operator(&test.app);
    let ids = async |query: &str| {
        let (rows, _) = operator.all(&format!("/admin/events?limit=1&{query}")).await;
        assert!(rows.iter().all(|row| row.get("body").is_none()));
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [hello.to_string(), odd.to_string()]);
    assert_eq!(ids("field=messages").await, [hello.to_string()]);
    assert_eq!(ids("field=message").await, Vec::<String>::new());
    assert_eq!(ids("state=dead").await, Vec::<String>::new());
    assert_eq!(ids("state=done").await.len(), 2);
    let hour = chrono::TimeDelta::hours(1);
    let stamp = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let (past, future) = (stamp(test.app.clock.now() - hour), stamp(test.app.clock.now() + hour));
    assert_eq!(ids(&format!("from={past}&to={future}")).await.len(), 2);
    assert_eq!(ids(&format!("from={future}")).await.len(), 0);
    assert_eq!(ids(&format!("to={past}")).await.len(), 0);
    assert_eq!(
        operator.get("/admin/events?state=lost").await.problem(400),
        "invalid-request"
    );
    let shown = operator.get(&format!("/admin/events/{hello}")).await.ok().json();
    assert_eq!((&shown["body"], &shown["bytes"]), (&json!(body), &json!(body.len())));
    assert_eq!(
        BASE64_STANDARD.decode(shown["body_base64"].as_str().unwrap()).unwrap(),
        body.as_bytes()
    );
    assert_eq!(
        (&shown["fields"], &shown["signer"]),
        (&json!(["messages"]), &Value::Null)
    );
    let odd_shown = operator.get(&format!("/admin/events/{odd}")).await.ok().json();
    assert_eq!(
        (&odd_shown["body"], &odd_shown["body_base64"]),
        (&Value::Null, &json!("e/99"))
    );
    let exact = operator.get(&format!("/admin/events/{odd}/body")).await.ok();
    assert_eq!(
        (&exact.body[..], exact.header("content-type")),
        (&b"{\xff}"[..], Some("application/octet-stream"))
    );
    let nothing = "/admin/events/raw_0198aaaabbbb7ccc8dddeeeeffff0001";
    assert_eq!(operator.get(nothing).await.problem(404), "not-found");
    assert_eq!(operator.get(&format!("{nothing}/body")).await.problem(404), "not-found");
}

#[both_databases]
async fn webhooks_are_replayed_by_id_and_by_range(test: TestApp) {
    let first = test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    test.receive(&text(ANA, "wamid.2", T0, "Hi")).await;
    let operator = Client::operator(&test.app);
    let rehearsed = operator
        .post("/admin/events/replay", json!({ "state": "done", "dry_run": true }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&rehearsed["matched"], &rehearsed["replayed"], &rehearsed["dry_run"]),
        (&json!(2), &json!(0), &json!(true))
    );
    assert_eq!(states(&test).await, ["done", "done"]);
    let done = operator
        .post("/admin/events/replay", json!({ "ids": [first] }))
        .await
        .ok()
        .json();
    assert_eq!((&done["matched"], &done["replayed"]), (&json!(1), &json!(1)));
    assert_eq!(states(&test).await, ["pending", "done"]);
    for wrong in [
        json!({}),
        json!({ "ids": [first], "state": "done" }),
        json!({ "state": "running" }),
        json!({ "state": "lost" }),
    ] {
        assert_eq!(
            operator.post("/admin/events/replay", wrong.clone()).await.problem(400),
            "invalid-request",
            "{wrong}"
        );
    }
    assert_eq!(
        operator
            .post("/admin/events/replay", json!({ "id": first }))
            .await
            .problem(422),
        "invalid-field"
    );
}

#[both_databases]
async fn what_waits_and_what_was_not_understood_is_shown(test: TestApp) {
    test.receive(&to(
        "999",
        "messages",
        message(ANA, "wamid.1", T0, json!({ "type": "text", "text": { "body": "Hi" } })),
    ))
    .await;
    for n in 0..3 {
        test.receive(&change("brand_new_field", json!({ "n": n }))).await;
    }
    let operator = Client::operator(&test.app);
    let waiting = operator.get("/admin/quarantine").await.ok().json();
    assert_eq!(waiting["data"][0]["subject"], "phone_number:999", "{waiting}");
    assert_eq!(waiting["data"][0]["events"], 1);
    let counts = operator.get("/admin/unrecognized").await.ok().json();
    let count = counts["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["field"] == "brand_new_field");
    assert_eq!(count.expect("the field")["items"], 3, "{counts}");
    let (items, pages) = operator.all("/admin/unrecognized?field=brand_new_field&limit=2").await;
    assert_eq!((items.len(), pages), (3, 2));
    assert!(items[0]["raw_event_id"].as_str().unwrap().starts_with("raw_") && items[0]["path"].is_string());
}

#[both_databases]
async fn queues_are_watched_and_steered(test: TestApp) {
    let waiting = test.store("{}").await;
    let dead = test.store("{}").await;
    test.app
        .db
        .sql(
            "UPDATE raw_events SET state = 'dead', last_error = 'no' WHERE id = $1",
            (dead,),
        )
        .run()
        .await
        .unwrap();
    let operator = Client::operator(&test.app);
    let queues = operator.get("/admin/queues").await.ok().json();
    let queue = &queues["data"][0];
    assert_eq!(
        (&queue["name"], &queue["pending"], &queue["dead"], &queue["paused"]),
        (&json!(INBOUND.name), &json!(1), &json!(1), &json!(false))
    );
    for member in [
        "scheduled",
        "running",
        "done_total",
        "failed_total",
        "oldest_pending_seconds",
        "throughput_per_minute",
    ] {
        assert!(queue.get(member).is_some(), "{member}");
    }
    operator.post("/admin/queues/inbound/pause", Value::Null).await.ok();
    assert_eq!(operator.get("/admin/queues/inbound").await.ok().json()["paused"], true);
    operator.post("/admin/queues/inbound/resume", Value::Null).await.ok();
    assert_eq!(operator.get("/admin/queues/inbound").await.ok().json()["paused"], false);
    assert_eq!(operator.get("/admin/queues/nonsense").await.problem(404), "not-found");
    let jobs = operator.get("/admin/queues/inbound/jobs?state=dead").await.ok().json();
    assert_eq!(
        (&jobs["data"][0]["id"], &jobs["data"][0]["last_error"]),
        (&json!(dead.to_string()), &json!("no"))
    );
    let (pending, _) = operator.all("/admin/queues/inbound/jobs?limit=1").await;
    assert_eq!(pending[0]["id"], waiting.to_string());
    let job = |id: &dyn std::fmt::Display, verb: &str| format!("/admin/queues/inbound/jobs/{id}/{verb}");
    let retried = operator.post(&job(&dead, "retry"), Value::Null).await.ok().json();
    assert_eq!(
        (&retried["state"], &retried["attempts"]),
        (&json!("pending"), &json!(0))
    );
    let discarded = operator
        .post(&job(&waiting.uuid(), "discard"), Value::Null)
        .await
        .ok()
        .json();
    assert_eq!(discarded["state"], "discarded");
    assert_eq!(
        operator.post(&job(&waiting, "discard"), Value::Null).await.problem(409),
        "conflict"
    );
    assert_eq!(
        operator
            .post(&job(&"raw_0198aaaabbbb7ccc8dddeeeeffff0001", "retry"), Value::Null)
            .await
            .problem(404),
        "not-found"
    );
    assert_eq!(
        operator.post(&job(&"raw_1", "retry"), Value::Null).await.problem(400),
        "invalid-request"
    );
    assert_eq!(operator.get("/admin/workers").await.ok().json()["data"], json!([]));
}
