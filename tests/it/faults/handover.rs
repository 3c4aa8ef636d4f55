//! What a killed worker had in hand goes to another.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    caught::{IN_HAND, backlog, caught, hold},
    ledgers::{compare, count},
};
use crate::support::wait::wait_until;

/// What is promised of the jobs of a killed worker.
const HANDOVER: Duration = Duration::from_secs(30);

#[tokio::test]
async fn another_worker_has_the_work_of_a_killed_one_done_within_thirty_seconds() {
    const OPEN: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'pending'";
    const HANDED_OVER: &str = "SELECT COUNT(*) FROM raw_events WHERE attempts > 0";
    let (mut deployment, simulator) = backlog().await;
    let db = deployment.db().await;
    let held = hold(&db).await;
    deployment.start_worker().await;
    deployment.start_worker().await;
    // More than one alone can hold: so the one to be killed has some.
    caught(&deployment, &db, IN_HAND).await;

    let killed = Instant::now();
    deployment.kill_worker().await;
    held.rollback().await.unwrap();
    let left = HANDOVER.saturating_sub(killed.elapsed());
    wait_until(left, "the other worker has everything done", async || {
        count(&db, OPEN).await == 0
    })
    .await;
    assert!(
        count(&db, HANDED_OVER).await > 0,
        "the killed worker had something in hand"
    );
    db.close().await;
    compare(&deployment, &simulator).await;
}
