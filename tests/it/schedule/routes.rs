//! What an operator sees of schedules and does with them.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::schedule::plan_system;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::{end_tasks, work};
use crate::support::{app::TestApp, http::Client};

async fn planned(test: &TestApp) -> Client {
    plan_system(&test.app.schedules).await.unwrap();
    Client::operator(&test.app)
}

async fn schedule(client: &Client, name: &str) -> Value {
    let all = client.get("/admin/scheduler").await.ok().json();
    let found = all["data"].as_array().unwrap().iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {all}")).clone()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Moves the clock to a moment behind the next ten minutes, at which retention is planned, and fires what is due.
async fn pass(test: &TestApp, client: &Client, name: &str) -> bool {
    const TEN_MINUTES: i64 = 600;
    let past = test.app.clock.now().timestamp().rem_euclid(TEN_MINUTES);
    test.advance(TimeDelta::seconds(TEN_MINUTES - past + 5));
    let id = schedule(client, name).await["id"].as_str().unwrap().parse().unwrap();
    work(&test.app, id).await
}

#[both_databases]
async fn the_installations_own_schedules_are_planned_once(test: TestApp) {
    let client = planned(&test).await;
    let before = client.get("/admin/scheduler").await.ok().json();
    plan_system(&test.app.schedules).await.unwrap();
    assert_eq!(client.get("/admin/scheduler").await.ok().json(), before);
    let names: Vec<&str> = before["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["clean_cache", "retention", "retry_dead"]);
    let retention = schedule(&client, "retention").await;
    assert_eq!(
        (&retention["cron"], &retention["time_zone"]),
        (&json!("*/10 * * * *"), &json!("UTC"))
    );
    assert_eq!(
        (&retention["lag_seconds"], &retention["worker"]),
        (&json!(0.0), &json!(null))
    );
    // Another zone moves the next time.
    let elsewhere = test.configured(|config| config.scheduler_zone = chrono_tz::Asia::Kathmandu);
    plan_system(&elsewhere.schedules).await.unwrap();
    let moved = schedule(&client, "retention").await;
    assert_eq!(moved["time_zone"], "Asia/Kathmandu");
    assert_eq!(time(&moved["next_at"]).timestamp() % 600, 300);
}

#[both_databases]
async fn a_run_is_shown_from_its_start_to_its_end(test: TestApp) {
    let client = planned(&test).await;
    let next = time(&schedule(&client, "retention").await["next_at"]);
    test.advance(next + TimeDelta::seconds(65) - test.app.clock.now());
    let late = schedule(&client, "retention").await;
    assert!(late["lag_seconds"].as_f64().unwrap() >= 60.0, "{late}");
    assert!(work(&test.app, late["id"].as_str().unwrap().parse().unwrap()).await);
    let shown = schedule(&client, "retention").await;
    assert_eq!(shown["lag_seconds"], 0.0);
    assert_eq!(
        (&shown["worker"], &shown["last_runs"][0]["status"]),
        (&json!(test.app.schedules.worker), &json!("fired"))
    );
    let jobs = client.get("/admin/queues/retention/jobs").await.ok().json();
    assert_eq!(jobs["data"][0]["id"], shown["last_runs"][0]["task_id"]);
    end_tasks(&test.app).await;
    assert!(pass(&test, &client, "retention").await, "it is due");
    let first = client.get("/admin/scheduler/retention/runs?limit=1").await.ok().json();
    assert_eq!(first["data"][0]["status"], "fired");
    let rest = format!(
        "/admin/scheduler/retention/runs?cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let rest = client.get(&rest).await.ok().json();
    assert_eq!(
        (&rest["data"][0]["status"], &rest["next_cursor"]),
        (&json!("done"), &json!(null))
    );
}

#[both_databases]
async fn a_paused_schedule_starts_nothing_and_goes_on_at_its_next_time(test: TestApp) {
    let client = planned(&test).await;
    let paused = client
        .post("/admin/scheduler/retention/pause", json!({}))
        .await
        .ok()
        .json();
    assert!(paused["paused_at"].is_string(), "{paused}");
    assert!(!pass(&test, &client, "retention").await, "it rests");
    // One that a worker has in hand at that moment rests too.
    test.app
        .db
        .sql("UPDATE schedules SET due_at = next_at", ())
        .run()
        .await
        .unwrap();
    assert!(pass(&test, &client, "retention").await, "its row is due");
    assert_eq!(schedule(&client, "retention").await["last_runs"], json!([]));
    assert!(!pass(&test, &client, "retention").await, "it rests");
    let resumed = client
        .post("/admin/scheduler/retention/resume", json!({}))
        .await
        .ok()
        .json();
    assert_eq!(resumed["paused_at"], json!(null));
    assert!(time(&resumed["next_at"]) > test.app.clock.now(), "{resumed}");
    assert!(pass(&test, &client, "retention").await, "it is due");
    assert_eq!(schedule(&client, "retention").await["last_runs"][0]["skipped"], 0);
}

#[both_databases]
async fn a_schedule_is_run_now_once_at_a_time(test: TestApp) {
    let client = planned(&test).await;
    client.post("/admin/scheduler/retention/pause", json!({})).await.ok();
    let run = client.post("/admin/scheduler/retention/run", json!({})).await;
    assert_eq!(run.status.as_u16(), 202, "{}", run.text());
    assert_eq!(
        (&run.json()["asked"], &run.json()["status"]),
        (&json!(true), &json!("fired"))
    );
    let again = client.post("/admin/scheduler/retention/run", json!({})).await;
    assert_eq!(again.problem(409), "conflict");
    assert!(again.text().contains("has not ended"), "{}", again.text());
    end_tasks(&test.app).await;
    client.post("/admin/scheduler/retention/run", json!({})).await;
    assert_eq!(
        schedule(&client, "retention").await["last_runs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for _ in 0..4 {
        end_tasks(&test.app).await;
        let run = client.post("/admin/scheduler/retention/run", json!({})).await;
        assert_eq!(run.status.as_u16(), 202, "{}", run.text());
    }
    let shown = schedule(&client, "retention").await;
    assert_eq!(shown["last_runs"].as_array().unwrap().len(), 5, "of six");
    for route in ["run", "pause", "resume"] {
        let path = format!("/admin/scheduler/nothing/{route}");
        assert_eq!(client.post(&path, json!({})).await.problem(404), "not-found");
    }
    assert_eq!(
        client.get("/admin/scheduler/nothing/runs").await.problem(404),
        "not-found"
    );
}

#[tokio::test]
async fn second_addresses_take_what_the_first_ones_take() {
    let test = TestApp::sqlite().await;
    let client = planned(&test).await;
    let stranger = Client::of(
        &test.configured(|config| config.metrics_token = Some(mainstay::config::Secret::new("a-token-for-metrics"))),
    );
    for (second, first) in [
        ("/scheduler/status", "/admin/scheduler"),
        ("/api/monitoring/scheduler", "/admin/scheduler"),
        ("/api/monitoring/dlq/stats", "/admin/dead-letters/stats"),
        ("/api/monitoring/health", "/health"),
        ("/api/monitoring/live", "/health/live"),
        ("/api/monitoring/ready", "/health/ready"),
        ("/api/monitoring/metrics", "/metrics"),
    ] {
        assert_eq!(client.get(second).await.status, 200, "{second}");
        let (second_answer, first_answer) = (stranger.get(second).await, stranger.get(first).await);
        assert_eq!(second_answer.status, first_answer.status, "{second}");
        let with_parameter = client.get(&format!("{second}?lang=en")).await;
        assert_eq!(with_parameter.problem(400), "invalid-request", "{second}");
        let is_open = second.ends_with("live") || second.ends_with("ready");
        assert_eq!(second_answer.status == 200, is_open, "{second}");
    }
}

/// On PostgreSQL: SQLite has no row-level security.
#[tokio::test]
async fn no_tenant_sees_the_installations_own_schedules() {
    let test = TestApp::postgres().await;
    planned(&test).await;
    let mut tx = test.app.db.begin_as(test.tenant).await.unwrap();
    let seen: (i64,) = tx.sql("SELECT COUNT(*) FROM schedules", ()).one().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((seen.0, test.count("SELECT COUNT(*) FROM schedules").await), (0, 3));
}
