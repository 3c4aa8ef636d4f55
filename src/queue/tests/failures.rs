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
    lab::{Batches, Lab, Leased, LeasedBatches},
    stage::{Stage, soon},
};
use crate::{
    domain::{Id, RawEventId},
    queue::{Job, Outcome, Outcomes},
};

/// Waits until the only row is back in its table with this many attempts, and moves the clock to when it is due.
async fn next_attempt(stage: &Stage, id: uuid::Uuid, attempts: i64) -> TimeDelta {
    soon("the attempt is counted", async || {
        let row = stage.row(id).await;
        row.attempts == attempts && row.state == "pending"
    })
    .await;
    let rest = stage.row(id).await.due_at - stage.clock.now();
    stage.clock.advance(rest);
    rest
}

async fn until_dead(stage: &Stage, id: uuid::Uuid, attempts: i64, error: &str) {
    stage.until_state("dead", 1).await;
    let row = stage.row(id).await;
    assert_eq!((row.attempts, row.last_error.as_deref()), (attempts, Some(error)));
    assert!(row.finished_at.is_some());
    stage.until_driver_is_empty().await;
}

#[both_sizes]
async fn a_failing_job_rests_longer_each_time_and_is_dead_in_the_end(stage: Stage) {
    let lab = Lab::new(async |ids: Vec<RawEventId>| Outcomes::all(Outcome::retry(format!("{} failed", ids.len()))));
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Leased>(&lab);
    for (attempts, seconds) in [(1, 4), (2, 8)] {
        let rest = next_attempt(&stage, id, attempts).await;
        assert!(
            rest <= TimeDelta::seconds(seconds) && rest > TimeDelta::seconds(seconds - 3),
            "{rest}"
        );
    }
    until_dead(&stage, id, 3, "1 failed").await;
    assert_eq!(lab.runs().len(), 3);
    assert_eq!(stage.totals().await, (0, 3));
    workers.stop().await;
}

#[both_sizes]
async fn retry_after_is_obeyed_and_counts(stage: Stage) {
    let lab = Lab::new(async |_| Outcomes::all(Outcome::retry_after(Duration::from_secs(50), "429")));
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Batches>(&lab);
    for attempts in [1, 2] {
        let rest = next_attempt(&stage, id, attempts).await;
        assert!(
            rest <= TimeDelta::seconds(50) && rest > TimeDelta::seconds(45),
            "{rest}"
        );
    }
    until_dead(&stage, id, 3, "429").await;
    workers.stop().await;
}

#[both_sizes]
async fn a_snooze_counts_nothing(stage: Stage) {
    let clock = stage.clock.clone();
    let lab = Lab::new(move |_| {
        let until = clock.now() + TimeDelta::milliseconds(20);
        async move { Outcomes::all(Outcome::Snooze { until }) }
    });
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Leased>(&lab);
    soon("it ran more often than it may fail", async || lab.runs().len() > 5).await;
    workers.stop().await;
    let row = stage.row(id).await;
    assert_eq!((row.state.as_str(), row.attempts, row.last_error), ("pending", 0, None));
    assert_eq!(stage.totals().await, (0, 0));
}

#[both_sizes]
async fn a_panic_is_a_failed_attempt(stage: Stage) {
    let lab = Lab::new(async |_| panic!("no such branch"));
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Leased>(&lab);
    next_attempt(&stage, id, 1).await;
    next_attempt(&stage, id, 2).await;
    until_dead(&stage, id, 3, "panic: no such branch").await;
    workers.stop().await;
}

#[both_sizes]
async fn a_job_that_takes_too_long_is_stopped_and_tried_again(stage: Stage) {
    let lab = Lab::new(async |_| std::future::pending().await);
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Leased>(&lab);
    next_attempt(&stage, id, 1).await;
    let error = stage.row(id).await.last_error;
    assert_eq!(error, Some(format!("not finished within {:?}", Leased::TIMEOUT)));
    workers.stop().await;
}

/// Panics whenever the given id is in the batch.
fn poisoned_by(poison: RawEventId) -> Lab {
    Lab::new(move |ids: Vec<RawEventId>| async move {
        assert!(!ids.contains(&poison), "poison");
        Outcomes::done()
    })
}

async fn only_the_poison_is_dead<J: Job<Context = Lab>>(stage: &Stage) {
    let ids = stage.store(100, crate::queue::Lane::Normal, stage.clock.now()).await;
    let lab = poisoned_by(RawEventId::from_uuid(ids[37]));
    let now = stage.clock.now();
    stage
        .queues
        .push(&super::lab::LAB, ids.iter().copied(), now)
        .await
        .expect("the driver takes them");
    let workers = stage.start::<J>(&lab);
    stage.until_state("done", 99).await;
    assert_eq!(lab.runs()[0].len(), 100);
    next_attempt(stage, ids[37], 1).await;
    next_attempt(stage, ids[37], 2).await;
    until_dead(stage, ids[37], 3, "panic: poison").await;
    assert_eq!(stage.row(ids[99]).await.attempts, 1);
    assert_eq!(stage.totals().await, (99, 3));
    workers.stop().await;
}

#[both_sizes]
async fn one_poisonous_id_of_a_hundred_is_the_only_one_to_fail(stage: Stage) {
    only_the_poison_is_dead::<Batches>(&stage).await;
}

#[both_sizes]
async fn one_poisonous_lease_of_a_hundred_is_the_only_one_to_fail(stage: Stage) {
    only_the_poison_is_dead::<LeasedBatches>(&stage).await;
}

#[both_sizes]
async fn a_dependency_that_is_away_costs_no_attempt(stage: Stage) {
    let away = Arc::new(AtomicUsize::new(2));
    let lab = Lab::new(move |_| {
        let still = away.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        async move {
            if still {
                sqlx::Error::PoolTimedOut.into()
            } else {
                Outcomes::done()
            }
        }
    });
    let ids = stage.enqueue(2).await;
    let workers = stage.start::<LeasedBatches>(&lab);
    stage.until_state("done", 2).await;
    assert!(lab.runs().len() >= 3);
    assert_eq!(stage.row(ids[0]).await.attempts, 1);
    assert_eq!(stage.totals().await, (2, 0));
    workers.stop().await;
}

#[both_sizes]
async fn an_error_that_no_column_takes_is_kept_as_far_as_it_goes(stage: Stage) {
    let lab = Lab::new(async |_| Outcomes::all(Outcome::discard("a\0b".to_owned() + &"ü".repeat(5_000))));
    let id = stage.enqueue(1).await[0];
    let workers = stage.start::<Batches>(&lab);
    stage.until_state("dead", 1).await;
    let error = stage.row(id).await.last_error.expect("an error is kept");
    assert_eq!(error.chars().count(), 1_000);
    assert!(error.starts_with("a\u{fffd}bü"));
    workers.stop().await;
}
