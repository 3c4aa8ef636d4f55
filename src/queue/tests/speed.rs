//! What the frame and the drivers can do by themselves. Run with `--release -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{
    lab::{Kind, LAB, Lab},
    stage::{Stage, until},
};
use crate::queue::{Job, Lane, Outcomes};

const JOBS: usize = 200_000;

/// Jobs whose handler does nothing and whose rows do not exist: the driver and the frame alone.
async fn hints<J: Job<Context = Lab>>(stage: &Stage) {
    let queues = stage.queues.clone().depth_limit(JOBS);
    let ids: Vec<Uuid> = (0..JOBS).map(|n| Uuid::from_u128(n as u128)).collect();
    let (now, begun) = (stage.clock.now(), Instant::now());
    queues.push(&LAB, ids, now).await.expect("the driver takes them");
    let pushed = JOBS as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let workers = stage.start::<J>(&Lab::new(async |_| Outcomes::settled()));
    stage_is_empty(stage).await;
    let worked = JOBS as f64 / begun.elapsed().as_secs_f64();
    workers.stop().await;
    println!(
        "{} at a time, batches of {}: pushed {pushed:.0}/s, worked {worked:.0}/s",
        J::CONCURRENCY,
        J::BATCH
    );
}

/// Jobs whose rows the frame writes.
async fn rows<J: Job<Context = Lab>>(stage: &Stage, jobs: usize) {
    stage
        .store(jobs, Lane::Normal, stage.clock.now() - Duration::from_secs(60))
        .await;
    let before = stage.totals().await.0;
    let begun = Instant::now();
    let workers = stage.start::<J>(&Lab::done());
    until("all rows are done", Duration::from_secs(300), async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stage.totals().await.0 == before + jobs as i64
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

async fn stage_is_empty(stage: &Stage) {
    until("the driver is empty", Duration::from_secs(300), async || {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let depth = stage.queues.depth(&LAB).await.expect("the driver answers");
        depth.waiting() + depth.held == 0
    })
    .await;
}

async fn all(stage: Stage) {
    hints::<Kind<1, 1, false>>(&stage).await;
    hints::<Kind<16, 1, false>>(&stage).await;
    hints::<Kind<128, 1, false>>(&stage).await;
    hints::<Kind<4, 128, false>>(&stage).await;
    rows::<Kind<4, 128, false>>(&stage, 100_000).await;
    rows::<Kind<4, 128, true>>(&stage, 100_000).await;
    rows::<Kind<16, 1, true>>(&stage, 10_000).await;
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded() {
    all(Stage::embedded().await).await;
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn distributed() {
    all(Stage::distributed().await).await;
}
