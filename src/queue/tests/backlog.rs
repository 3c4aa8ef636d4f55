//! A backlog that nobody was told about, as after `FLUSHALL`: it is fed as fast as it is worked, and the driver stays small.

use std::time::{Duration, Instant};

use mainstay_test_macros::both_sizes;

use super::{
    lab::{Kind, LAB, Lab},
    stage::{Stage, until},
};
use crate::queue::Lane;

#[both_sizes]
async fn a_backlog_of_fifty_thousand_is_worked_off(stage: Stage) {
    work_off(stage, 50_000, Duration::from_secs(120)).await;
}

async fn work_off(stage: Stage, count: usize, patience: Duration) {
    stage
        .store(count, Lane::Normal, stage.clock.now() - chrono::TimeDelta::minutes(5))
        .await;
    let workers = stage.start::<Kind<4, 200, false>>(&Lab::done());
    let (begun, mut deepest) = (Instant::now(), 0);
    until("the backlog is worked off", patience, async || {
        let depth = stage.queues.depth(&LAB).await.expect("the driver answers");
        deepest = deepest.max(depth.waiting() + depth.held);
        tokio::time::sleep(Duration::from_millis(20)).await;
        stage.totals().await.0 == count as i64
    })
    .await;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("backlog of {count}: {rate:.0} jobs/s, at most {deepest} ids in the driver");
    assert!(deepest <= 25_000, "{deepest}");
    assert_eq!(stage.in_state("done").await, count as i64);
    workers.stop().await;
}

#[both_sizes]
#[ignore = "takes minutes"]
async fn a_million(stage: Stage) {
    work_off(stage, 1_000_000, Duration::from_secs(900)).await;
}
