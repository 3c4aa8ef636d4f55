//! What a decision costs.

use std::time::Instant;

use super::stage::{MS, Stage, redis};
use crate::{
    domain::SendLane::Campaign,
    governor::Terms,
    queue::tests::servers::{self, OwnRedis},
};

/// What Redis itself says a script call took on average, in microseconds.
async fn cost(server: &OwnRedis) -> f64 {
    let ::redis::Value::BulkString(info) = server.info("commandstats").await else {
        panic!("text was expected");
    };
    let info = String::from_utf8_lossy(&info).into_owned();
    let line = info.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
    let each = line.and_then(|line| line.split("usec_per_call=").nth(1)?.split(',').next()?.parse().ok());
    each.expect("scripts were called")
}

#[tokio::test]
async fn a_batch_of_a_hundred_costs_redis_well_under_a_millisecond() {
    let server = OwnRedis::start().await;
    let terms = Terms {
        tenant_per_second: Some(2_000.0),
        ..Terms::HIGH
    };
    let mut stage = Stage::of(redis(&server.url()), terms).await;
    for _ in 0..300 {
        stage.now += 100 * MS;
        stage.ask(Campaign, 100).await;
    }
    let cost = cost(&server).await;
    println!("a hundred asks: {cost:.0} µs in Redis");
    assert!(cost < 1_000.0, "{cost} µs");
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
