//! What a decision costs.

use std::time::Instant;

use super::stage::{MS, Stage, redis, slots};
use crate::{domain::SendLane::Campaign, queue::tests::servers::OwnRedis, rate_limit::Terms};

/// How often Redis ran commands: those that were sent to it as scripts, and all, with what the scripts called.
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

/// In microseconds of Redis's processor this is a fraction of a millisecond; see [`asks_per_second`].
#[tokio::test]
async fn a_batch_of_a_hundred_is_one_call_that_costs_redis_little_more_than_a_look_at_each_recipient() {
    const BATCHES: u64 = 20;
    let server = OwnRedis::start().await;
    let terms = Terms {
        tenant_per_second: Some(2_000.0),
        ..Terms::HIGH
    };
    let mut stage = Stage::of(redis(&server.url()), terms).await;
    stage.ask(Campaign, 100).await;
    let before = commands(&server).await;
    for _ in 0..BATCHES {
        stage.now += 100 * MS;
        assert_eq!(slots(&stage.ask(Campaign, 100).await).len(), 100);
    }
    let after = commands(&server).await;
    let (scripts, all) = (after.0 - before.0, (after.1 - before.1) / BATCHES);
    assert_eq!(scripts, BATCHES);
    assert!(all <= 150, "{all} commands for a hundred");
}

/// The processor's time that Redis has used, in microseconds.
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
async fn asks_per_second() {
    const ASKS: u32 = 2_000;
    let server = OwnRedis::start().await;
    for (name, stage) in [
        ("in process", Stage::local().await),
        ("Redis", Stage::of(redis(&server.url()), Terms::HIGH).await),
    ] {
        let mut stage = stage.at(Terms::HIGH);
        let (begun, before) = (Instant::now(), used(&server).await);
        for _ in 0..ASKS {
            stage.now += 100 * MS;
            stage.ask(Campaign, 100).await;
        }
        let rate = 100.0 * f64::from(ASKS) / begun.elapsed().as_secs_f64();
        let each = (used(&server).await - before) / f64::from(ASKS);
        println!("{name}: {rate:.0} asks/s, {each:.0} µs of Redis for a hundred");
    }
}
