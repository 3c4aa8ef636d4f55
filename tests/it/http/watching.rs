use mainstay_test_macros::both_databases;

use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn a_process_that_is_well_is_ready(test: TestApp) {
    let client = Client::of(&test.configured(|config| config.limits.disk_free_mb = 0));
    client.get("/health/live").await.ok();
    let ready = client.get("/health/ready").await.ok().json();
    assert_eq!(ready["status"], "ok", "{ready}");
    assert_eq!(ready["checks"]["database"]["status"], "ok");
    assert_eq!(ready["checks"]["database"]["pending_migrations"], 0);
    assert_eq!(ready["checks"]["queue_lag"]["seconds"], 0.0);
    assert!(ready["checks"]["disk"]["free_mb"].is_u64());
    assert!(ready["checks"].get("redis").is_none());
}

#[both_databases]
async fn a_webhook_nobody_works_on_shows_as_lag_and_does_not_stop_intake(test: TestApp) {
    test.store("{}").await;
    test.advance(chrono::TimeDelta::seconds(90));
    let ready = Client::of(&test.app).get("/health/ready").await.ok().json();
    assert_eq!(ready["checks"]["queue_lag"]["status"], "degraded", "{ready}");
    assert!(ready["checks"]["queue_lag"]["seconds"].as_f64().unwrap() >= 90.0);
}

#[both_databases]
async fn metrics_show_queues_pool_and_process(test: TestApp) {
    test.store("{}").await;
    let metrics = Client::of(&test.app).get("/metrics").await.ok();
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let metrics = metrics.text();
    for name in [
        "mainstay_queue_jobs{queue=\"inbound\",state=\"pending\"}",
        "mainstay_queue_oldest_pending_seconds{queue=\"inbound\"}",
        "mainstay_database_connections{state=\"open\"}",
        "mainstay_intake_waiting",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(metrics.contains(name), "{name} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn a_process_without_its_database_or_disk_is_not_ready() {
    let test = TestApp::sqlite().await;
    let full = Client::of(&test.configured(|config| config.limits.disk_free_mb = u64::MAX));
    let answer = full.get("/health/ready").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["checks"]["disk"]["status"]),
        (503, &"failing".into())
    );
    test.app.db.close().await;
    let away = Client::of(&test.app);
    let answer = away.get("/health/ready").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["checks"]["database"]["status"]),
        (503, &"failing".into())
    );
    assert_eq!(away.get("/health").await.ok().json()["status"], "failing");
    away.get("/health/live").await.ok();
}

#[tokio::test]
async fn a_redis_that_is_away_degrades_and_does_not_stop_intake() {
    let test = TestApp::postgres().await;
    let clock = test.app.clock.clone();
    let app = test.rebuilt(|parts| {
        let url = "redis://127.0.0.1:1";
        parts.queues = mainstay::queue::Queues::redis(url, "test", clock).unwrap();
        parts.config.redis = Some(mainstay::config::RedisConfig {
            url: mainstay::config::Secret::new(url),
            prefix: "test".to_owned(),
        });
    });
    let ready = Client::of(&app).get("/health/ready").await.ok().json();
    assert_eq!(ready["checks"]["redis"]["status"], "degraded", "{ready}");
    assert_eq!(ready["status"], "degraded");
}
