//! Scheduled jobs, the sweep, paused queues.

use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, OneByOne, TEST_QUEUE, TestHandler},
};
use crate::{Lane, Outcomes, admin};
use mainstay_test_servers::soon;

#[both_sizes]
async fn a_scheduled_job_begins_at_its_time(fixture: QueueFixture) {
    let clock = fixture.clock.clone();
    let begun = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = begun.clone();
    let handler = TestHandler::new(move |_| {
        times.lock().expect("no test panics here").push(clock.now());
        async { Outcomes::done() }
    });
    let workers = fixture.start::<OneByOne>(&handler);
    let due = fixture.clock.now() + TimeDelta::milliseconds(1_500);
    let ids = fixture.store(1, Lane::Normal, due).await;
    fixture
        .queues
        .push(&TEST_QUEUE, ids, due)
        .await
        .expect("the driver takes it");
    fixture.until_state("done", 1).await;
    let late = begun.lock().expect("no test panics here")[0] - due;
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(10), "{late}");
    workers.stop().await;
}

#[both_sizes]
async fn the_far_future_stays_in_the_table_until_it_comes_near(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    let due = fixture.clock.now() + TimeDelta::hours(10);
    let ids = fixture.store(3, Lane::Normal, due).await;
    let pushed = fixture
        .queues
        .push(&TEST_QUEUE, ids, due)
        .await
        .expect("the driver answers");
    assert_eq!((pushed.new, pushed.deferred), (0, 3));
    fixture.clock.advance(TimeDelta::hours(10) - TimeDelta::seconds(15));
    soon("the sweep brings them a little before", async || {
        fixture
            .queues
            .depth(&TEST_QUEUE)
            .await
            .expect("the driver answers")
            .waiting()
            == 3
    })
    .await;
    assert!(handler.runs().is_empty());
    fixture.clock.advance(TimeDelta::seconds(15));
    fixture.until_state("done", 3).await;
    workers.stop().await;
}

#[both_sizes]
async fn jobs_due_soon_are_found_though_the_driver_is_full_of_later_ones(mut fixture: QueueFixture) {
    fixture.queues = fixture.queues.clone().depth_limit(5);
    let later = fixture.clock.now() + TimeDelta::seconds(50);
    let ids = fixture.store(5, Lane::Normal, later).await;
    let pushed = fixture
        .queues
        .push(&TEST_QUEUE, ids, later)
        .await
        .expect("the driver takes them");
    assert_eq!(pushed.new, 5);
    let first = fixture.clock.now() + TimeDelta::seconds(2);
    fixture.store(1, Lane::Normal, first).await;
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    fixture.until_state("done", 1).await;
    assert!(fixture.clock.now() < later);
    assert_eq!(fixture.in_state("pending").await, 5);
    workers.stop().await;
}

#[both_sizes]
async fn rows_that_were_not_pushed_are_found(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    fixture.store(5_000, Lane::Low, fixture.clock.now()).await;
    fixture.until_state("done", 5_000).await;
    fixture.until_driver_is_empty().await;
    // A page read by the sweep may be older than what the workers wrote since, so some ids may have been pushed in vain.
    assert!(handler.ran().len() >= 5_000);
    assert_eq!(fixture.totals().await, (5_000, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_paused_queue_takes_nothing_and_goes_on_when_resumed(fixture: QueueFixture) {
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    fixture.enqueue(10).await;
    fixture.until_state("done", 10).await;
    admin::pause(&fixture.db, &TEST_QUEUE, fixture.clock.now())
        .await
        .expect("a person may do so");
    let stats = async || {
        admin::stats(&fixture.db, &fixture.queues, &TEST_QUEUE, fixture.clock.now())
            .await
            .expect("stats")
    };
    assert!(stats().await.paused);
    // Workers see the pause up to half a second later; from the first id that stays, all stay.
    let mut told = 10;
    soon("the workers hear of it", async || {
        fixture.enqueue(1).await;
        told += 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stats().await.pending > 2
    })
    .await;
    let done = handler.ran().len();
    fixture.enqueue(100).await;
    let paused_at = std::time::Instant::now();
    soon("a second passes", async || paused_at.elapsed().as_millis() > 1_200).await;
    assert_eq!(handler.ran().len(), done);
    admin::resume(&fixture.db, &TEST_QUEUE)
        .await
        .expect("a person may do so");
    fixture.until_state("done", told + 100).await;
    workers.stop().await;
}

#[both_sizes]
async fn a_queue_that_was_paused_before_the_start_is_paused(fixture: QueueFixture) {
    let handler = TestHandler::done();
    admin::pause(&fixture.db, &TEST_QUEUE, fixture.clock.now())
        .await
        .expect("a person may do so");
    fixture.enqueue(1).await;
    let workers = fixture.start::<Batched>(&handler);
    soon("the worker is there", async || {
        !admin::workers(&fixture.db, fixture.clock.now())
            .await
            .expect("workers")
            .is_empty()
    })
    .await;
    assert!(handler.runs().is_empty());
    workers.stop().await;
    assert!(handler.runs().is_empty());
}
