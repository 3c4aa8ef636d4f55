//! The cost of a decision.

use std::time::Instant;

use super::fixture::{LimiterFixture, MS, redis, slots};
use crate::RateLimits;
use mainstay_core::domain::SendLane::Campaign;
use mainstay_test_servers::OwnRedis;

/// Returns how many commands Redis ran: scripts sent to it, and all commands including those within scripts.
async fn commands(server: &OwnRedis) -> (u64, u64) {
    let info = server.info("commandstats").await;
    let calls = |line: &str| -> Option<(bool, u64)> {
        let (name, told) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let count = told.split(',').next()?.parse().ok()?;
        (name != "info").then_some((name.starts_with("eval"), count))
    };
    let all: Vec<(bool, u64)> = info.lines().filter_map(calls).collect();
    let scripts = all.iter().filter(|(is_script, _)| *is_script);
    (
        scripts.map(|(_, count)| count).sum(),
        all.iter().map(|(_, count)| count).sum(),
    )
}

/// In CPU time of Redis this is a fraction of a millisecond; see [`requests_per_second`].
#[tokio::test]
async fn a_batch_of_a_hundred_is_one_call_that_costs_redis_little_more_than_a_look_at_each_recipient() {
    const BATCHES: u64 = 20;
    let server = OwnRedis::start().await;
    let limits = RateLimits {
        tenant_per_second: Some(2_000.0),
        ..RateLimits::HIGH
    };
    let mut fixture = LimiterFixture::of(redis(&server.url()), limits).await;
    fixture.ask(Campaign, 100).await;
    let before = commands(&server).await;
    for _ in 0..BATCHES {
        fixture.now += 100 * MS;
        assert_eq!(slots(&fixture.ask(Campaign, 100).await).len(), 100);
    }
    let after = commands(&server).await;
    let (scripts, all) = (after.0 - before.0, (after.1 - before.1) / BATCHES);
    assert_eq!(scripts, BATCHES);
    assert!(all <= 150, "{all} commands for a hundred");
}

/// Returns the CPU time used by Redis, in microseconds.
async fn used(server: &OwnRedis) -> f64 {
    let info = server.info("cpu").await;
    let seconds = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|text| text.trim().parse().ok()).expect("Redis tells")
    };
    1e6 * (seconds("used_cpu_user") + seconds("used_cpu_sys"))
}

#[ignore = "a measurement; run with --release -- --ignored --nocapture"]
#[tokio::test]
async fn requests_per_second() {
    const ASKS: u32 = 2_000;
    let server = OwnRedis::start().await;
    for (name, fixture) in [
        ("in process", LimiterFixture::local().await),
        (
            "Redis",
            LimiterFixture::of(redis(&server.url()), RateLimits::HIGH).await,
        ),
    ] {
        let mut fixture = fixture.at(RateLimits::HIGH);
        let (begun, before) = (Instant::now(), used(&server).await);
        for _ in 0..ASKS {
            fixture.now += 100 * MS;
            fixture.ask(Campaign, 100).await;
        }
        let rate = 100.0 * f64::from(ASKS) / begun.elapsed().as_secs_f64();
        let each = (used(&server).await - before) / f64::from(ASKS);
        println!("{name}: {rate:.0} requests/s, {each:.0} µs of Redis for a hundred");
    }
}
