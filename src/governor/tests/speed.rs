//! What a decision costs.

use std::time::Instant;

use super::stage::{MS, Stage, redis, slots};
use crate::{
    domain::SendLane::Campaign,
    governor::Terms,
    queue::tests::servers::{self, OwnRedis},
};

/// The processor's time that Redis has used, in microseconds.
async fn used(server: &OwnRedis) -> f64 {
    let info = server.info("cpu").await;
    let seconds = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|text| text.trim().parse().ok()).expect("Redis tells")
    };
    1e6 * (seconds("used_cpu_user") + seconds("used_cpu_sys"))
}

#[tokio::test]
async fn a_batch_of_a_hundred_costs_redis_well_under_a_millisecond() {
    const BATCHES: u32 = 100;
    let server = OwnRedis::start().await;
    let terms = Terms {
        tenant_per_second: Some(2_000.0),
        ..Terms::HIGH
    };
    let mut stage = Stage::of(redis(&server.url()), terms).await;
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let before = used(&server).await;
        for _ in 0..BATCHES {
            stage.now += 100 * MS;
            assert_eq!(slots(&stage.ask(Campaign, 100).await).len(), 100);
        }
        // The least of several: others use this machine too.
        least = least.min((used(&server).await - before) / f64::from(BATCHES));
    }
    println!("a hundred asks: {least:.0} µs in Redis");
    assert!(least < 1_000.0, "{least} µs");
}

#[ignore = "a measurement; run with --release -- --ignored --nocapture"]
#[tokio::test]
async fn asks_per_second() {
    for stage in [
        Stage::local().await,
        Stage::of(redis(&servers::redis_url()), Terms::HIGH).await,
    ] {
        let mut stage = stage.at(Terms::HIGH);
        let begun = Instant::now();
        for _ in 0..2_000 {
            stage.now += 100 * MS;
            stage.ask(Campaign, 100).await;
        }
        println!("{:.0} asks/s", 200_000.0 / begun.elapsed().as_secs_f64());
    }
}
