//! Statistics, lists, retry, discard, workers.

use chrono::TimeDelta;
use mainstay_core::domain::WorkState;
use mainstay_test_macros::both_sizes;
use uuid::Uuid;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, Leased, TEST_QUEUE, TestHandler},
};
use crate::{
    Lane, Outcome, Outcomes,
    admin::{self, JobState},
};
use mainstay_test_servers::soon;

async fn stats(fixture: &QueueFixture) -> admin::QueueStats {
    admin::stats(&fixture.db, &fixture.queues, &TEST_QUEUE, fixture.clock.now())
        .await
        .expect("stats are read")
}

#[both_sizes]
async fn statistics_add_up(fixture: QueueFixture) {
    let now = fixture.clock.now();
    fixture.store(4, Lane::Normal, now + TimeDelta::hours(1)).await;
    fixture.store(2, Lane::Normal, now - TimeDelta::seconds(90)).await;
    let before = stats(&fixture).await;
    assert_eq!(
        (before.pending, before.scheduled, before.running, before.dead),
        (2, 4, 0, 0)
    );
    assert!(
        before
            .oldest_pending_seconds
            .is_some_and(|age| (90.0..150.0).contains(&age))
    );
    let handler = TestHandler::new(async |ids: Vec<_>| Outcomes::done().with(ids[0], Outcome::discard("no")));
    let workers = fixture.start::<Batched>(&handler);
    soon("both have ended", async || stats(&fixture).await.pending == 0).await;
    fixture.until_driver_is_empty().await;
    let after = stats(&fixture).await;
    let dead = i64::try_from(handler.runs().len()).expect("a few");
    assert_eq!(
        (after.scheduled, after.running, after.dead, after.failed_total),
        (4, 0, dead, dead)
    );
    assert_eq!((after.done_total, after.oldest_pending_seconds), (2 - dead, None));
    assert!(after.throughput_per_minute <= 2.0);
    workers.stop().await;
}

#[both_sizes]
async fn lists_go_page_by_page(fixture: QueueFixture) {
    let now = fixture.clock.now();
    fixture.store(25, Lane::Normal, now).await;
    fixture.store(5, Lane::Normal, now + TimeDelta::hours(1)).await;
    fixture
        .db
        .sql("UPDATE lab SET state = 'dead' WHERE lane = 9", ())
        .run()
        .await
        .expect("none yet");
    let all = async |state| {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = admin::jobs(&fixture.db, &TEST_QUEUE, state, 10, after, now)
                .await
                .expect("a page is read");
            after = page.last().map(admin::JobRow::cursor);
            found.extend(page.iter().map(|row| row.id));
            if page.len() < 10 {
                return found;
            }
        }
    };
    let pending: Vec<Uuid> = all(JobState::Pending).await;
    assert_eq!((pending.len(), all(JobState::Scheduled).await.len()), (25, 5));
    assert!(pending.is_sorted());
    fixture
        .db
        .sql("UPDATE lab SET state = 'dead'", ())
        .run()
        .await
        .expect("all are dead");
    let dead = all(JobState::Dead).await;
    assert_eq!(dead.len(), 30);
    assert!(dead.is_sorted_by(|a, b| a > b));
    for state in [
        JobState::Pending,
        JobState::Running,
        JobState::Done,
        JobState::Quarantined,
        JobState::Discarded,
    ] {
        assert!(all(state).await.is_empty(), "{state:?}");
    }
}

#[both_sizes]
async fn a_retried_dead_job_runs_again(fixture: QueueFixture) {
    let handler = TestHandler::new(async |_| Outcomes::all(Outcome::discard("no")));
    let ids = fixture.enqueue(2).await;
    let workers = fixture.start::<Batched>(&handler);
    fixture.until_state("dead", 2).await;
    fixture.until_driver_is_empty().await;
    workers.stop().await;
    let retry = async |ids| {
        let now = fixture.clock.now();
        admin::retry(&fixture.db, &fixture.queues, &TEST_QUEUE, ids, now)
            .await
            .expect("a person may do so")
    };
    assert_eq!(retry(&ids[..1]).await, [ids[0]]);
    let row = fixture.row(ids[0]).await;
    assert_eq!(
        (row.state.as_str(), row.attempts, row.finished_at),
        ("pending", 0, None)
    );
    let workers = fixture.start::<Leased>(&TestHandler::done());
    fixture.until_state("done", 1).await;
    assert!(retry(&ids[..1]).await.is_empty(), "what is done is done");
    assert_eq!(fixture.row(ids[1]).await.state, WorkState::Dead);
    workers.stop().await;
}

#[both_sizes]
async fn a_discarded_job_does_not_run(fixture: QueueFixture) {
    let ids = fixture.enqueue(3).await;
    let now = fixture.clock.now();
    let discarded = admin::discard(&fixture.db, &TEST_QUEUE, &ids[..1], now)
        .await
        .expect("a person may do so");
    assert_eq!(discarded, [ids[0]]);
    let handler = TestHandler::done();
    let workers = fixture.start::<Leased>(&handler);
    fixture.until_state("done", 2).await;
    fixture.until_driver_is_empty().await;
    assert!(!handler.ran().contains(&ids[0]));
    workers.stop().await;
}

#[both_sizes]
async fn a_worker_that_is_gone_is_not_listed(fixture: QueueFixture) {
    let workers = fixture.start::<Batched>(&TestHandler::done());
    let now = fixture.clock.now();
    let listed = async |at| admin::workers(&fixture.db, at).await.expect("workers are read").len();
    soon("it is there", async || listed(now).await == 1).await;
    assert_eq!(listed(now + TimeDelta::minutes(2)).await, 0);
    workers.stop().await;
}
