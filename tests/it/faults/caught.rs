//! Workers caught in the middle of their work, for as long as a test likes.

use std::time::Duration;

use mainstay::db::{Db, Tx};
use mainstay_sim::Simulator;

use super::{http::Client, ledgers::count, traffic::texts};
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(60);
/// The most jobs that one worker has in hand: three batches.
pub const IN_HAND: i64 = 3 * 256;
/// Of the backlog: more than all workers of a test have in hand.
pub const BACKLOG: i64 = 3_000;

/// An api with a backlog of webhooks, and nobody who works on it.
pub async fn backlog() -> (Deployment, Simulator) {
    let mut deployment = Deployment::distributed().await;
    deployment.start_api().await;
    let simulator = deployment.simulator(texts());
    simulator.send_all(BACKLOG as usize).await;
    (deployment, simulator)
}

/// Until this transaction ends, transactions of workers begin and cannot end.
pub async fn hold(db: &Db) -> Tx {
    let mut held = db.begin().await.unwrap();
    let lock = held.sql("LOCK TABLE conversations IN EXCLUSIVE MODE", ());
    lock.run().await.unwrap();
    held
}

/// Waits until workers have more than so many jobs in hand and come no further.
pub async fn caught(deployment: &Deployment, db: &Db, jobs: i64) {
    const BLOCKED: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'conversations'::regclass";
    let client = Client::of(deployment);
    wait_until(DEADLINE, "the workers are caught", async || {
        let queue = client.get("/admin/queues/inbound").await;
        count(db, BLOCKED).await > 0 && queue.body["running"].as_i64() > Some(jobs)
    })
    .await;
}
