//! Throughput of the runtime and the drivers alone. Run with `--release -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{
    fixture::QueueFixture,
    test_job::{TEST_QUEUE, TestHandler, TestJob},
};
use crate::{Job, Lane, Outcomes};
use mainstay_test_servers::until;

const JOBS: usize = 200_000;

/// Measures jobs without rows whose handler does nothing: the driver and the runtime alone.
async fn hints<J: Job<Context = TestHandler>>(fixture: &QueueFixture) {
    let queues = fixture.queues.clone().depth_limit(JOBS);
    let ids: Vec<Uuid> = (0..JOBS).map(|n| Uuid::from_u128(n as u128)).collect();
    let (now, begun) = (fixture.clock.now(), Instant::now());
    queues.push(&TEST_QUEUE, ids, now).await.expect("the driver takes them");
    let pushed = JOBS as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let workers = fixture.start::<J>(&TestHandler::new(async |_| Outcomes::settled()));
    stage_is_empty(fixture).await;
    let worked = JOBS as f64 / begun.elapsed().as_secs_f64();
    workers.stop().await;
    println!(
        "{} at a time, batches of {}: pushed {pushed:.0}/s, worked {worked:.0}/s",
        J::CONCURRENCY,
        J::BATCH
    );
}

/// Measures jobs whose outcomes the runtime writes.
async fn rows<J: Job<Context = TestHandler>>(fixture: &QueueFixture, jobs: usize) {
    fixture
        .store(jobs, Lane::Normal, fixture.clock.now() - Duration::from_secs(60))
        .await;
    let before = fixture.totals().await.0;
    let begun = Instant::now();
    let workers = fixture.start::<J>(&TestHandler::done());
    until("all rows are done", Duration::from_secs(300), async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        fixture.totals().await.0 == before + jobs as i64
    })
    .await;
    let worked = jobs as f64 / begun.elapsed().as_secs_f64();
    workers.stop().await;
    println!(
        "{} at a time, batches of {}, {:?}: {worked:.0} rows/s",
        J::CONCURRENCY,
        J::BATCH,
        J::CLAIM
    );
}

async fn stage_is_empty(fixture: &QueueFixture) {
    until("the driver is empty", Duration::from_secs(300), async || {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let depth = fixture.queues.depth(&TEST_QUEUE).await.expect("the driver answers");
        depth.waiting() + depth.in_flight == 0
    })
    .await;
}

async fn all(fixture: QueueFixture) {
    hints::<TestJob<1, 1, false>>(&fixture).await;
    hints::<TestJob<16, 1, false>>(&fixture).await;
    hints::<TestJob<128, 1, false>>(&fixture).await;
    hints::<TestJob<4, 128, false>>(&fixture).await;
    rows::<TestJob<4, 128, false>>(&fixture, 100_000).await;
    rows::<TestJob<4, 128, true>>(&fixture, 100_000).await;
    rows::<TestJob<16, 1, true>>(&fixture, 10_000).await;
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded() {
    all(QueueFixture::embedded().await).await;
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn distributed() {
    all(QueueFixture::distributed().await).await;
}
