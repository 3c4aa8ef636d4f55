//! Claims, leases and lost workers.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, Leased, LeasedBatches, TEST_QUEUE, TestHandler},
};
use crate::{Lane, Lease, Outcome, Outcomes, claim};
use mainstay_core::domain::RawEventId;
use mainstay_test_servers::soon;

#[both_sizes]
async fn of_two_claims_one_gets_the_row(fixture: QueueFixture) {
    let now = fixture.clock.now();
    let ids = fixture.store(3, Lane::Normal, now).await;
    let later = fixture.store(1, Lane::Normal, now + TimeDelta::seconds(1)).await[0];
    let until = now + TimeDelta::seconds(10);
    let all = [ids.clone(), vec![later]].concat();
    let (a, b) = tokio::join!(
        claim(fixture.db.writer(), &TEST_QUEUE, &all, until, now),
        claim(fixture.db.writer(), &TEST_QUEUE, &all, until, now)
    );
    let mut claimed = [a.expect("it answers"), b.expect("it answers")].concat();
    claimed.sort_unstable_by_key(|lease| lease.id);
    let expected: Vec<Lease> = ids.iter().map(|id| Lease { id: *id, attempt: 1 }).collect();
    assert_eq!(claimed, expected);
    let row = fixture.row(ids[0]).await;
    assert_eq!((row.state.as_str(), row.attempts, row.due_at), ("running", 1, until));
}

/// Fetches ids like a worker that is killed at once.
async fn take_and_vanish(fixture: &QueueFixture, count: usize) {
    let taken = fixture
        .queues
        .fetch(&TEST_QUEUE, count, Duration::from_millis(2_500))
        .await
        .expect("the driver answers");
    assert_eq!(taken.ids.len(), count);
}

#[both_sizes]
async fn a_lost_job_goes_to_another(fixture: QueueFixture) {
    let ids = fixture.enqueue(2).await;
    let begun = Instant::now();
    take_and_vanish(&fixture, 2).await;
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    fixture.until_state("done", 2).await;
    assert!(begun.elapsed() > Duration::from_secs(2), "not before the lease ends");
    assert_eq!(fixture.row(ids[0]).await.attempts, 1, "it was taken and never run");
    assert_eq!(fixture.totals().await, (2, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_lost_lease_goes_to_another(fixture: QueueFixture) {
    let ids = fixture.enqueue(2).await;
    take_and_vanish(&fixture, 2).await;
    let now = fixture.clock.now();
    let leases = claim(fixture.db.writer(), &TEST_QUEUE, &ids, now + TimeDelta::seconds(2), now)
        .await
        .expect("it answers");
    assert_eq!(leases.len(), 2);
    let handler = TestHandler::done();
    let workers = fixture.start::<LeasedBatches>(&handler);
    fixture.until_state("done", 2).await;
    assert_eq!(fixture.row(ids[0]).await.attempts, 2);
    workers.stop().await;
}

#[both_sizes]
async fn a_job_that_kills_its_worker_ends_dead(fixture: QueueFixture) {
    let ids = fixture.enqueue(1).await;
    fixture
        .db
        .sql("UPDATE lab SET attempts = 2", ())
        .run()
        .await
        .expect("two killed already");
    take_and_vanish(&fixture, 1).await;
    let handler = TestHandler::done();
    let workers = fixture.start::<Leased>(&handler);
    fixture.until_state("dead", 1).await;
    let row = fixture.row(ids[0]).await;
    assert_eq!(
        (row.attempts, row.last_error.as_deref()),
        (3, Some("the worker disappeared while it held the lease"))
    );
    assert!(handler.runs().is_empty());
    fixture.until_driver_is_empty().await;
    workers.stop().await;
}

#[both_sizes]
async fn a_batch_keeps_its_lease_when_some_of_it_was_put_off(fixture: QueueFixture) {
    let (until, lane) = (fixture.clock.now() + TimeDelta::hours(1), Lane::Normal);
    let db = fixture.db.clone();
    let handler = TestHandler::new(move |ids: Vec<RawEventId>| {
        let db = db.clone();
        async move {
            let first = ids[0];
            db.sql(
                "UPDATE lab SET state = 'pending', attempts = attempts - 1, due_at = $2 WHERE id = $1",
                (first, until),
            )
            .run()
            .await
            .expect("it is put off");
            tokio::time::sleep(Duration::from_secs(3)).await;
            Outcomes::done().with(first, Outcome::Rescheduled { until, lane })
        }
    });
    fixture.enqueue(2).await;
    let workers = fixture.start::<LeasedBatches>(&handler);
    fixture.until_state("done", 1).await;
    assert_eq!(handler.runs().len(), 1, "it was cut off and run again");
    let first = fixture.row(handler.runs()[0][0]).await;
    assert_eq!(
        (first.state.as_str(), first.attempts, first.due_at),
        ("pending", 0, until)
    );
    workers.stop().await;
}

/// Removes its id from the set when the job ends, in any way.
struct AtWork(Arc<Mutex<HashSet<RawEventId>>>, RawEventId);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.lock().expect("no test panics here").remove(&self.1);
    }
}

#[both_sizes]
async fn a_long_job_keeps_its_lease_and_runs_once_at_a_time(fixture: QueueFixture) {
    let (at_work, met) = (Arc::new(Mutex::new(HashSet::new())), Arc::new(AtomicUsize::new(0)));
    let meetings = met.clone();
    let handler = TestHandler::new(move |ids: Vec<RawEventId>| {
        let (at_work, met) = (at_work.clone(), meetings.clone());
        async move {
            if !at_work.lock().expect("no test panics here").insert(ids[0]) {
                met.fetch_add(1, SeqCst);
            }
            let _here = AtWork(at_work, ids[0]);
            // Longer than the lease: without renewal it would be stopped each time and never end.
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            Outcomes::done()
        }
    });
    let (one, other) = (fixture.start::<Leased>(&handler), fixture.start::<Leased>(&handler));
    let ids = fixture.enqueue(16).await;
    let now = fixture.clock.now();
    soon("all are done, though they are offered again and again", async || {
        fixture
            .queues
            .push(&TEST_QUEUE, ids.iter().copied(), now)
            .await
            .expect("the driver answers");
        fixture.in_state("done").await == 16
    })
    .await;
    assert_eq!(met.load(SeqCst), 0, "two worked on one row");
    assert_eq!(fixture.totals().await.0, 16);
    one.stop().await;
    other.stop().await;
}
