//! Graceful shutdown.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mainstay_test_macros::both_sizes;
use tokio::sync::Semaphore;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, Leased, LeasedBatches, TEST_QUEUE, TestHandler},
};
use crate::{Outcomes, admin};
use mainstay_test_servers::soon;

/// Returns a handler that waits for a permit of the semaphore.
fn gated() -> (TestHandler, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let handler = TestHandler::new(move |_| {
        let gate = closed.clone();
        async move {
            gate.acquire().await.expect("the gate is never removed").forget();
            Outcomes::done()
        }
    });
    (handler, gate)
}

#[both_sizes]
async fn a_stopping_worker_finishes_jobs_in_flight(fixture: QueueFixture) {
    let (handler, gate) = gated();
    let workers = fixture.start::<Leased>(&handler);
    fixture.enqueue(8).await;
    soon("all have begun", async || handler.runs().len() == 8).await;
    workers.shutdown.cancel();
    fixture.enqueue(5).await;
    gate.add_permits(100);
    workers.stop().await;
    assert_eq!(
        (fixture.in_state("done").await, fixture.in_state("pending").await),
        (8, 5)
    );
    assert_eq!(handler.ran().len(), 8);
    let depth = fixture.queues.depth(&TEST_QUEUE).await.expect("the driver answers");
    assert_eq!((depth.waiting(), depth.in_flight), (5, 0));
}

#[both_sizes]
async fn jobs_not_begun_go_to_other_workers_at_once(fixture: QueueFixture) {
    // A batch that fails as a whole is run one at a time; the process is stopped while the first of them runs.
    let (handler, gate) = gated();
    let singles = handler.clone();
    let handler = TestHandler::new(move |ids| {
        let singles = singles.clone();
        async move {
            assert!(ids.len() == 1, "one at a time, please");
            <Leased as crate::Job>::run(&singles, &ids).await
        }
    });
    fixture.enqueue(50).await;
    let workers = fixture.start::<LeasedBatches>(&handler);
    soon("the first runs alone", async || handler.runs().len() == 2).await;
    workers.shutdown.cancel();
    gate.add_permits(100);
    workers.stop().await;
    assert_eq!(fixture.in_state("done").await, 1);
    let depth = fixture.queues.depth(&TEST_QUEUE).await.expect("the driver answers");
    assert_eq!((depth.waiting(), depth.in_flight), (49, 0));
    let begun = Instant::now();
    let others = fixture.start::<Batched>(&TestHandler::done());
    fixture.until_state("done", 50).await;
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "they had to wait for a lease"
    );
    assert_eq!(fixture.totals().await, (50, 0));
    others.stop().await;
}

#[both_sizes]
async fn a_stopping_worker_does_not_wait_for_ever(fixture: QueueFixture) {
    let (handler, _gate) = gated();
    let workers = fixture.start_with::<Leased>(&handler, Duration::from_millis(300));
    let ids = fixture.enqueue(1).await;
    soon("it has begun", async || handler.runs().len() == 1).await;
    let begun = Instant::now();
    workers.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let row = fixture.row(ids[0]).await;
    assert_eq!((row.state.as_str(), row.attempts), ("pending", 1));
    assert_eq!(
        row.last_error.as_deref(),
        Some("stopped by shutdown before it finished")
    );
    assert_eq!(
        fixture
            .queues
            .depth(&TEST_QUEUE)
            .await
            .expect("the driver answers")
            .in_flight,
        0
    );
}

#[both_sizes]
async fn a_stopped_worker_is_not_listed(fixture: QueueFixture) {
    let (handler, gate) = gated();
    let (one, other) = (fixture.start::<Leased>(&handler), fixture.start::<Leased>(&handler));
    let present = async || {
        admin::workers(&fixture.db, fixture.clock.now())
            .await
            .expect("workers are read")
    };
    soon("both are there", async || present().await.len() == 2).await;
    let there = present().await;
    assert!(there[0].id != there[1].id && there[0].pid == i64::from(std::process::id()));
    assert_eq!(there[0].in_hand.get("lab"), Some(&0));
    one.stop().await;
    assert_eq!(present().await.len(), 1);
    gate.add_permits(1);
    other.stop().await;
    assert!(present().await.is_empty());
}
