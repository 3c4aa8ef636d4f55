//! Retries, timeouts, panics and failing batches.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, Leased, LeasedBatches, TestHandler},
};
use crate::{Job, Outcome, Outcomes};
use mainstay_core::domain::{Id, RawEventId, WorkState};
use mainstay_test_servers::soon;

/// Waits until the only row is pending again with this many attempts, and advances the clock to its due time.
async fn next_attempt(fixture: &QueueFixture, id: uuid::Uuid, attempts: i64) -> TimeDelta {
    soon("the attempt is counted", async || {
        let row = fixture.row(id).await;
        row.attempts == attempts && row.state == WorkState::Pending
    })
    .await;
    let rest = fixture.row(id).await.due_at - fixture.clock.now();
    fixture.clock.advance(rest);
    rest
}

async fn until_dead(fixture: &QueueFixture, id: uuid::Uuid, attempts: i64, error: &str) {
    fixture.until_state("dead", 1).await;
    let row = fixture.row(id).await;
    assert_eq!((row.attempts, row.last_error.as_deref()), (attempts, Some(error)));
    assert!(row.finished_at.is_some());
    fixture.until_driver_is_empty().await;
}

#[both_sizes]
async fn a_failing_job_rests_longer_each_time_and_is_dead_in_the_end(fixture: QueueFixture) {
    let handler =
        TestHandler::new(async |ids: Vec<RawEventId>| Outcomes::all(Outcome::retry(format!("{} failed", ids.len()))));
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Leased>(&handler);
    for (attempts, seconds) in [(1, 4), (2, 8)] {
        let rest = next_attempt(&fixture, id, attempts).await;
        assert!(
            rest <= TimeDelta::seconds(seconds) && rest > TimeDelta::seconds(seconds - 3),
            "{rest}"
        );
    }
    until_dead(&fixture, id, 3, "1 failed").await;
    assert_eq!(handler.runs().len(), 3);
    assert_eq!(fixture.totals().await, (0, 3));
    workers.stop().await;
}

#[both_sizes]
async fn retry_after_is_obeyed_and_counts(fixture: QueueFixture) {
    let handler = TestHandler::new(async |_| Outcomes::all(Outcome::retry_after(Duration::from_secs(50), "429")));
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Batched>(&handler);
    for attempts in [1, 2] {
        let rest = next_attempt(&fixture, id, attempts).await;
        assert!(
            rest <= TimeDelta::seconds(50) && rest > TimeDelta::seconds(45),
            "{rest}"
        );
    }
    until_dead(&fixture, id, 3, "429").await;
    workers.stop().await;
}

#[both_sizes]
async fn a_snooze_counts_nothing(fixture: QueueFixture) {
    let clock = fixture.clock.clone();
    let handler = TestHandler::new(move |_| {
        let until = clock.now() + TimeDelta::milliseconds(20);
        async move { Outcomes::all(Outcome::Snooze { until }) }
    });
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Leased>(&handler);
    soon("it ran more often than it may fail", async || handler.runs().len() > 5).await;
    workers.stop().await;
    let row = fixture.row(id).await;
    assert_eq!((row.state.as_str(), row.attempts, row.last_error), ("pending", 0, None));
    assert_eq!(fixture.totals().await, (0, 0));
}

#[both_sizes]
async fn a_panic_is_a_failed_attempt(fixture: QueueFixture) {
    let handler = TestHandler::new(async |_| panic!("no such branch"));
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Leased>(&handler);
    next_attempt(&fixture, id, 1).await;
    next_attempt(&fixture, id, 2).await;
    until_dead(&fixture, id, 3, "panic: no such branch").await;
    workers.stop().await;
}

#[both_sizes]
async fn a_job_that_takes_too_long_is_stopped_and_tried_again(fixture: QueueFixture) {
    let handler = TestHandler::new(async |_| std::future::pending().await);
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Leased>(&handler);
    next_attempt(&fixture, id, 1).await;
    let error = fixture.row(id).await.last_error;
    assert_eq!(error, Some(format!("not finished within {:?}", Leased::TIMEOUT)));
    workers.stop().await;
}

/// Returns a handler that panics if the given id is in the batch.
fn poisoned_by(poison: RawEventId) -> TestHandler {
    TestHandler::new(move |ids: Vec<RawEventId>| async move {
        assert!(!ids.contains(&poison), "poison");
        Outcomes::done()
    })
}

async fn only_the_poison_is_dead<J: Job<Context = TestHandler>>(fixture: &QueueFixture) {
    let ids = fixture.store(100, crate::Lane::Normal, fixture.clock.now()).await;
    let handler = poisoned_by(RawEventId::from_uuid(ids[37]));
    let now = fixture.clock.now();
    fixture
        .queues
        .push(&super::test_job::TEST_QUEUE, ids.iter().copied(), now)
        .await
        .expect("the driver takes them");
    let workers = fixture.start::<J>(&handler);
    fixture.until_state("done", 99).await;
    assert_eq!(handler.runs()[0].len(), 100);
    next_attempt(fixture, ids[37], 1).await;
    next_attempt(fixture, ids[37], 2).await;
    until_dead(fixture, ids[37], 3, "panic: poison").await;
    assert_eq!(fixture.row(ids[99]).await.attempts, 1);
    assert_eq!(fixture.totals().await, (99, 3));
    workers.stop().await;
}

#[both_sizes]
async fn one_poisonous_id_of_a_hundred_is_the_only_one_to_fail(fixture: QueueFixture) {
    only_the_poison_is_dead::<Batched>(&fixture).await;
}

#[both_sizes]
async fn one_poisonous_lease_of_a_hundred_is_the_only_one_to_fail(fixture: QueueFixture) {
    only_the_poison_is_dead::<LeasedBatches>(&fixture).await;
}

#[both_sizes]
async fn a_dependency_that_is_away_costs_no_attempt(fixture: QueueFixture) {
    let away = Arc::new(AtomicUsize::new(2));
    let handler = TestHandler::new(move |_| {
        let still = away.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        async move {
            if still {
                sqlx::Error::PoolTimedOut.into()
            } else {
                Outcomes::done()
            }
        }
    });
    let ids = fixture.enqueue(2).await;
    let workers = fixture.start::<LeasedBatches>(&handler);
    fixture.until_state("done", 2).await;
    assert!(handler.runs().len() >= 3);
    assert_eq!(fixture.row(ids[0]).await.attempts, 1);
    assert_eq!(fixture.totals().await, (2, 0));
    workers.stop().await;
}

#[both_sizes]
async fn an_error_that_no_column_takes_is_kept_as_far_as_it_goes(fixture: QueueFixture) {
    let handler = TestHandler::new(async |_| Outcomes::all(Outcome::discard("a\0b".to_owned() + &"ü".repeat(5_000))));
    let id = fixture.enqueue(1).await[0];
    let workers = fixture.start::<Batched>(&handler);
    fixture.until_state("dead", 1).await;
    let error = fixture.row(id).await.last_error.expect("an error is kept");
    assert_eq!(error.chars().count(), 1_000);
    assert!(error.starts_with("a\u{fffd}bü"));
    workers.stop().await;
}
