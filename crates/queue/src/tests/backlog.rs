//! A backlog missing from the driver, as after `FLUSHALL`, is pushed as fast as it is processed, and the driver stays small.

use std::time::{Duration, Instant};

use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{TEST_QUEUE, TestHandler, TestJob},
};
use crate::Lane;
use mainstay_test_servers::until;

#[both_sizes]
async fn a_backlog_of_fifty_thousand_is_worked_off(fixture: QueueFixture) {
    work_off(fixture, 50_000, Duration::from_secs(120)).await;
}

async fn work_off(fixture: QueueFixture, count: usize, patience: Duration) {
    fixture
        .store(count, Lane::Normal, fixture.clock.now() - chrono::TimeDelta::minutes(5))
        .await;
    let workers = fixture.start::<TestJob<4, 200, false>>(&TestHandler::done());
    let (begun, mut deepest) = (Instant::now(), 0);
    until("the backlog is worked off", patience, async || {
        let depth = fixture.queues.depth(&TEST_QUEUE).await.expect("the driver answers");
        deepest = deepest.max(depth.waiting() + depth.in_flight);
        tokio::time::sleep(Duration::from_millis(20)).await;
        fixture.totals().await.0 == count as i64
    })
    .await;
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    println!("backlog of {count}: {rate:.0} jobs/s, at most {deepest} ids in the driver");
    assert!(deepest <= 25_000, "{deepest}");
    assert_eq!(fixture.in_state("done").await, count as i64);
    workers.stop().await;
}

#[both_sizes]
#[ignore = "takes minutes"]
async fn a_million(fixture: QueueFixture) {
    work_off(fixture, 1_000_000, Duration::from_secs(900)).await;
}
