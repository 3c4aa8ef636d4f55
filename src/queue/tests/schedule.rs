use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;

use super::{
    lab::{Batches, LAB, Lab, OneByOne},
    stage::{Stage, soon},
};
use crate::queue::{Lane, Outcomes, admin};

#[both_sizes]
async fn a_scheduled_job_begins_at_its_time(stage: Stage) {
    let clock = stage.clock.clone();
    let begun = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = begun.clone();
    let lab = Lab::new(move |_| {
        times.lock().expect("no test panics here").push(clock.now());
        async { Outcomes::done() }
    });
    let workers = stage.start::<OneByOne>(&lab);
    let due = stage.clock.now() + TimeDelta::milliseconds(1_500);
    let ids = stage.store(1, Lane::Normal, due).await;
    stage.queues.push(&LAB, ids, due).await.expect("the driver takes it");
    stage.until_state("done", 1).await;
    let late = begun.lock().expect("no test panics here")[0] - due;
    assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(10), "{late}");
    workers.stop().await;
}

#[both_sizes]
async fn the_far_future_stays_in_the_table_until_it_comes_near(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    let due = stage.clock.now() + TimeDelta::hours(10);
    let ids = stage.store(3, Lane::Normal, due).await;
    let pushed = stage.queues.push(&LAB, ids, due).await.expect("the driver answers");
    assert_eq!((pushed.new, pushed.deferred), (0, 3));
    stage.clock.advance(TimeDelta::hours(10) - TimeDelta::seconds(15));
    soon("the sweep brings them a little before", async || {
        stage.queues.depth(&LAB).await.expect("the driver answers").waiting() == 3
    })
    .await;
    assert!(lab.runs().is_empty());
    stage.clock.advance(TimeDelta::seconds(15));
    stage.until_state("done", 3).await;
    workers.stop().await;
}

#[both_sizes]
async fn what_is_due_soon_is_found_though_the_driver_is_full_of_what_is_due_later(mut stage: Stage) {
    stage.queues = stage.queues.clone().depth_limit(5);
    let later = stage.clock.now() + TimeDelta::seconds(50);
    let ids = stage.store(5, Lane::Normal, later).await;
    let pushed = stage
        .queues
        .push(&LAB, ids, later)
        .await
        .expect("the driver takes them");
    assert_eq!(pushed.new, 5);
    let first = stage.clock.now() + TimeDelta::seconds(2);
    stage.store(1, Lane::Normal, first).await;
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    stage.until_state("done", 1).await;
    assert!(stage.clock.now() < later);
    assert_eq!(stage.in_state("pending").await, 5);
    workers.stop().await;
}

#[both_sizes]
async fn what_nobody_was_told_about_is_found(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    stage.store(5_000, Lane::Low, stage.clock.now()).await;
    stage.until_state("done", 5_000).await;
    stage.until_driver_is_empty().await;
    // A page that the sweep read may be older than what the workers did since, so some may have run in vain.
    assert!(lab.ran().len() >= 5_000);
    assert_eq!(stage.totals().await, (5_000, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_paused_queue_takes_nothing_and_goes_on_when_resumed(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    stage.enqueue(10).await;
    stage.until_state("done", 10).await;
    admin::pause(&stage.db, &LAB, stage.clock.now())
        .await
        .expect("a person may do so");
    let stats = async || {
        admin::stats(&stage.db, &stage.queues, &LAB, stage.clock.now())
            .await
            .expect("stats")
    };
    assert!(stats().await.paused);
    // It is told half a second later; from the first id that stays, all stay.
    let mut told = 10;
    soon("the workers hear of it", async || {
        stage.enqueue(1).await;
        told += 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stats().await.pending > 2
    })
    .await;
    let done = lab.ran().len();
    stage.enqueue(100).await;
    let paused_at = std::time::Instant::now();
    soon("a second passes", async || paused_at.elapsed().as_millis() > 1_200).await;
    assert_eq!(lab.ran().len(), done);
    admin::resume(&stage.db, &LAB).await.expect("a person may do so");
    stage.until_state("done", told + 100).await;
    workers.stop().await;
}

#[both_sizes]
async fn a_queue_that_was_paused_before_the_start_is_paused(stage: Stage) {
    let lab = Lab::done();
    admin::pause(&stage.db, &LAB, stage.clock.now())
        .await
        .expect("a person may do so");
    stage.enqueue(1).await;
    let workers = stage.start::<Batches>(&lab);
    soon("the worker is there", async || {
        !admin::workers(&stage.db, stage.clock.now())
            .await
            .expect("workers")
            .is_empty()
    })
    .await;
    assert!(lab.runs().is_empty());
    workers.stop().await;
    assert!(lab.runs().is_empty());
}
