//! Jobs run once, in batches, by priority.

use chrono::TimeDelta;
use mainstay_core::domain::WorkState;
use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, Leased, LeasedBatches, OneByOne, TEST_QUEUE, TestHandler},
};
use crate::{Lane, Outcome, Outcomes};
use mainstay_test_servers::soon;

#[both_sizes]
async fn every_job_is_done_once_and_leaves_nothing(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    let mut ids = fixture.enqueue(500).await;
    fixture.until_state("done", 500).await;
    fixture.until_driver_is_empty().await;
    let mut ran = handler.ran();
    ran.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ran, ids);
    let row = fixture.row(ids[0]).await;
    assert_eq!((row.attempts, row.last_error), (1, None));
    assert!(row.finished_at.is_some());
    assert_eq!(fixture.totals().await, (500, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_leased_job_counts_its_attempt(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<LeasedBatches>(&handler);
    let ids = fixture.enqueue(150).await;
    fixture.until_state("done", 150).await;
    assert_eq!(fixture.row(ids[149]).await.attempts, 1);
    assert_eq!(fixture.totals().await, (150, 0));
    workers.stop().await;
}

#[both_sizes]
async fn waiting_jobs_run_in_one_batch(fixture: QueueFixture) {
    let handler = TestHandler::done();
    fixture.enqueue(250).await;
    let workers = fixture.start::<Batched>(&handler);
    fixture.until_state("done", 250).await;
    let sizes: Vec<usize> = handler.runs().iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().max(), Some(&100), "{sizes:?}");
    workers.stop().await;
}

#[both_sizes]
async fn a_job_offered_twice_runs_once(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let ids = fixture.enqueue(10).await;
    let now = fixture.clock.now();
    let pushed = fixture
        .queues
        .push(&TEST_QUEUE, ids.iter().copied(), now)
        .await
        .expect("the driver answers");
    assert_eq!((pushed.new, pushed.depth), (0, 10));
    let workers = fixture.start::<OneByOne>(&handler);
    fixture.until_state("done", 10).await;
    assert_eq!(handler.ran().len(), 10);
    workers.stop().await;
}

#[both_sizes]
async fn replies_go_before_campaigns(fixture: QueueFixture) {
    let now = fixture.clock.now();
    let mut expected = Vec::new();
    for (lane, age) in [(Lane::Low, 3), (Lane::Normal, 2), (Lane::High, 1)] {
        let ids = fixture.store(3, lane, now - TimeDelta::seconds(age)).await;
        let entries: Vec<_> = ids.iter().map(|id| fixture.entry(*id, lane)).collect();
        fixture
            .queues
            .push_entries(&TEST_QUEUE, &entries)
            .await
            .expect("the driver takes them");
        expected.splice(0..0, [(lane, ids)]);
    }
    let handler = TestHandler::done();
    let workers = fixture.start::<OneByOne>(&handler);
    fixture.until_state("done", 9).await;
    for ((lane, ids), ran) in expected.iter().zip(handler.ran().chunks(3)) {
        assert!(ids.iter().all(|id| ran.contains(id)), "{lane:?}");
    }
    workers.stop().await;
}

#[both_sizes]
async fn outcomes_may_differ_within_a_batch(fixture: QueueFixture) {
    let until = fixture.clock.now() + TimeDelta::hours(1);
    let handler = TestHandler::new(move |ids| async move {
        Outcomes::done()
            .with(ids[0], Outcome::discard("no such recipient"))
            .with(ids[1], Outcome::Snooze { until })
            .with(ids[2], Outcome::quarantine("no such channel"))
            .with(ids[3], Outcome::retry("busy"))
    });
    let ids = fixture.enqueue(6).await;
    let workers = fixture.start::<LeasedBatches>(&handler);
    fixture.until_state("done", 2).await;
    let ran = handler.ran();
    assert_eq!(ran.len(), 6);
    let mut rows = Vec::new();
    for id in &ran {
        let row = fixture.row(*id).await;
        rows.push((row.state, row.attempts, row.last_error));
    }
    let row = |state: WorkState, attempts, error: Option<&str>| (state, attempts, error.map(str::to_owned));
    assert_eq!(rows[0], row(WorkState::Dead, 1, Some("no such recipient")));
    assert_eq!(rows[1], row(WorkState::Pending, 0, None));
    assert_eq!(rows[2], row(WorkState::Quarantined, 1, Some("no such channel")));
    assert_eq!(rows[3], row(WorkState::Pending, 1, Some("busy")));
    assert_eq!(rows[4], row(WorkState::Done, 1, None));
    assert_eq!(fixture.row(ran[1]).await.due_at, until);
    assert_eq!(fixture.totals().await, (2, 2));
    assert_eq!(ids.len(), 6);
    workers.stop().await;
}

#[both_sizes]
async fn a_row_discarded_while_it_runs_stays_discarded(fixture: QueueFixture) {
    let (started, go) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (notify, wait) = (started.clone(), go.clone());
    let handler = TestHandler::new(move |_| {
        let (notify, wait) = (notify.clone(), wait.clone());
        async move {
            notify.notify_one();
            wait.notified().await;
            Outcomes::done()
        }
    });
    let workers = fixture.start::<Leased>(&handler);
    let ids = fixture.enqueue(1).await;
    started.notified().await;
    fixture
        .db
        .sql("UPDATE lab SET state = 'discarded'", ())
        .run()
        .await
        .expect("a person may do so");
    go.notify_one();
    fixture.until_driver_is_empty().await;
    assert_eq!(fixture.row(ids[0]).await.state, WorkState::Discarded);
    assert_eq!(fixture.totals().await, (0, 0));
    soon("the slot is free again", async || handler.runs().len() == 1).await;
    workers.stop().await;
}
