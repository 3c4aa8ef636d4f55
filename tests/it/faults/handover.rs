//! What a killed worker had in hand goes to another.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    http::Client,
    ledgers::{compare, count},
    traffic::texts,
};
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(60);
/// What is promised of the jobs of a killed worker.
const HANDOVER: Duration = Duration::from_secs(30);

#[tokio::test]
async fn another_worker_has_the_work_of_a_killed_one_done_within_thirty_seconds() {
    const OPEN: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'pending'";
    const DONE: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'done'";
    const BLOCKED: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'conversations'::regclass";
    let mut deployment = Deployment::distributed().await;
    deployment.start_api().await;
    let simulator = deployment.simulator(texts());
    simulator.send_all(3_000).await;
    let db = deployment.db().await;
    assert_eq!(count(&db, OPEN).await, 3_000, "a backlog, as nobody works yet");

    deployment.start_worker().await;
    wait_until(DEADLINE, "the backlog shrinks", async || count(&db, DONE).await > 0).await;
    // From here on transactions begin and cannot end: the workers are caught in the middle of their work.
    let mut held = db.begin().await.unwrap();
    held.sql("LOCK TABLE conversations IN EXCLUSIVE MODE", ())
        .run()
        .await
        .unwrap();
    deployment.start_worker().await;
    let client = Client::of(&deployment);
    // One alone can have three batches of 256 in hand.
    wait_until(DEADLINE, "both workers are caught", async || {
        let queue = client.get("/admin/queues/inbound").await;
        count(&db, BLOCKED).await > 0 && queue.body["running"].as_i64() > Some(3 * 256)
    })
    .await;

    let killed = Instant::now();
    deployment.kill_worker().await;
    held.rollback().await.unwrap();
    let left = HANDOVER.saturating_sub(killed.elapsed());
    wait_until(left, "the other worker has everything done", async || {
        count(&db, OPEN).await == 0
    })
    .await;
    const HANDED_OVER: &str = "SELECT COUNT(*) FROM raw_events WHERE attempts > 0";
    assert!(
        count(&db, HANDED_OVER).await > 0,
        "the killed worker had something in hand"
    );
    db.close().await;
    compare(&deployment, &simulator).await;
}
