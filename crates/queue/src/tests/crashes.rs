//! Jobs that crash their process, in a queue without leases.

use std::time::Duration;

use mainstay_test_macros::both_sizes;
use uuid::Uuid;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, TestHandler},
};
use crate::{Claim, Job, Outcomes, Queue};
use mainstay_core::domain::{Id, RawEventId};
use mainstay_test_servers::soon;

/// [`Batched`] without a timeout: a killed worker's handler runs on in this process and must not write its outcome.
struct Endless;

impl Job for Endless {
    const QUEUE: Queue = Batched::QUEUE;
    const CONCURRENCY: usize = Batched::CONCURRENCY;
    const BATCH: usize = Batched::BATCH;
    const CLAIM: Claim = Claim::Locked;
    const LEASE: Duration = Batched::LEASE;
    const TIMEOUT: Duration = Duration::from_secs(600);

    type Id = RawEventId;
    type Context = TestHandler;

    async fn run(handler: &TestHandler, ids: &[RawEventId]) -> Outcomes<RawEventId> {
        Batched::run(handler, ids).await
    }
}

/// Returns a handler that hangs in a batch with this job, as if the process had died there.
fn deadly(poison: Uuid) -> TestHandler {
    TestHandler::new(move |ids: Vec<RawEventId>| async move {
        if ids.iter().any(|id| id.uuid() == poison) {
            std::future::pending::<()>().await;
        }
        Outcomes::done()
    })
}

fn runs_with(handler: &TestHandler, id: Uuid) -> usize {
    handler.runs().iter().filter(|ids| ids.contains(&id)).count()
}

async fn markers(fixture: &QueueFixture) -> i64 {
    let count = fixture.db.reader().sql("SELECT COUNT(*) FROM job_markers", ());
    count.one::<(i64,)>().await.expect("markers are counted").0
}

#[both_sizes]
async fn a_job_that_its_process_dies_of_ends_dead_and_its_neighbours_are_done(mut fixture: QueueFixture) {
    let ids = fixture.enqueue(20).await;
    let poison = ids[7];
    let handler = deadly(poison);
    for deaths in 1..=4 {
        let workers = fixture.start::<Endless>(&handler);
        soon("the deadly job runs", async || runs_with(&handler, poison) == deaths).await;
        workers.kill().await;
        fixture.restart();
    }
    let workers = fixture.start::<Endless>(&handler);
    fixture.until_state("dead", 1).await;
    fixture.until_state("done", 19).await;
    workers.stop().await;
    assert_eq!(runs_with(&handler, poison), 4, "once among others, three times alone");
    let row = fixture.row(poison).await;
    let error = "the process died each time it worked on this";
    assert_eq!((row.attempts, row.last_error.as_deref()), (3, Some(error)));
    assert_eq!(markers(&fixture).await, 0);
}

#[both_sizes]
async fn neighbours_of_a_crash_that_do_well_are_suspected_no_longer(mut fixture: QueueFixture) {
    let ids = fixture.enqueue(20).await;
    let deadly = deadly(ids[7]);
    let workers = fixture.start::<Endless>(&deadly);
    soon("the batch runs", async || runs_with(&deadly, ids[7]) == 1).await;
    workers.kill().await;
    fixture.restart();
    // The machine was at fault: this time the job succeeds.
    let handler = TestHandler::done();
    let workers = fixture.start::<Endless>(&handler);
    fixture.until_state("done", 20).await;
    workers.stop().await;
    assert!(handler.runs().iter().all(|ids| ids.len() == 1), "each alone");
    assert_eq!(fixture.row(ids[7]).await.last_error, None);
    assert_eq!(markers(&fixture).await, 0);
}

#[both_sizes]
async fn a_worker_that_leaves_in_good_order_leaves_no_marker(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<Endless>(&handler);
    fixture.enqueue(300).await;
    fixture.until_state("done", 300).await;
    assert!(markers(&fixture).await > 0, "what is in hand is marked");
    workers.stop().await;
    assert_eq!(markers(&fixture).await, 0);
}
