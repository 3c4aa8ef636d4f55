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
    lab::{Batches, LAB, Lab, Leased, LeasedBatches},
    stage::{Stage, soon},
};
use crate::{
    domain::RawEventId,
    queue::{Lane, Lease, Outcome, Outcomes, claim},
};

#[both_sizes]
async fn of_two_claims_one_gets_the_row(stage: Stage) {
    let now = stage.clock.now();
    let ids = stage.store(3, Lane::Normal, now).await;
    let later = stage.store(1, Lane::Normal, now + TimeDelta::seconds(1)).await[0];
    let until = now + TimeDelta::seconds(10);
    let all = [ids.clone(), vec![later]].concat();
    let (a, b) = tokio::join!(
        claim(&stage.db, &LAB, &all, until, now),
        claim(&stage.db, &LAB, &all, until, now)
    );
    let mut claimed = [a.expect("it answers"), b.expect("it answers")].concat();
    claimed.sort_unstable_by_key(|lease| lease.id);
    let expected: Vec<Lease> = ids.iter().map(|id| Lease { id: *id, attempt: 1 }).collect();
    assert_eq!(claimed, expected);
    let row = stage.row(ids[0]).await;
    assert_eq!((row.state.as_str(), row.attempts, row.due_at), ("running", 1, until));
}

/// Takes ids as a worker would that is killed at once.
async fn take_and_vanish(stage: &Stage, count: usize) {
    let taken = stage
        .queues
        .take(&LAB, count, Duration::from_millis(2_500))
        .await
        .expect("the driver answers");
    assert_eq!(taken.ids.len(), count);
}

#[both_sizes]
async fn a_lost_job_goes_to_another(stage: Stage) {
    let ids = stage.enqueue(2).await;
    let begun = Instant::now();
    take_and_vanish(&stage, 2).await;
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    stage.until_state("done", 2).await;
    assert!(begun.elapsed() > Duration::from_secs(2), "not before the lease ends");
    assert_eq!(stage.row(ids[0]).await.attempts, 1, "it was taken and never run");
    assert_eq!(stage.totals().await, (2, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_lost_lease_goes_to_another(stage: Stage) {
    let ids = stage.enqueue(2).await;
    take_and_vanish(&stage, 2).await;
    let now = stage.clock.now();
    let leases = claim(&stage.db, &LAB, &ids, now + TimeDelta::seconds(2), now)
        .await
        .expect("it answers");
    assert_eq!(leases.len(), 2);
    let lab = Lab::done();
    let workers = stage.start::<LeasedBatches>(&lab);
    stage.until_state("done", 2).await;
    assert_eq!(stage.row(ids[0]).await.attempts, 2);
    workers.stop().await;
}

#[both_sizes]
async fn a_job_that_kills_its_worker_ends_dead(stage: Stage) {
    let ids = stage.enqueue(1).await;
    stage
        .db
        .sql("UPDATE lab SET attempts = 2", ())
        .run()
        .await
        .expect("two killed already");
    take_and_vanish(&stage, 1).await;
    let lab = Lab::done();
    let workers = stage.start::<Leased>(&lab);
    stage.until_state("dead", 1).await;
    let row = stage.row(ids[0]).await;
    assert_eq!(
        (row.attempts, row.last_error.as_deref()),
        (3, Some("the worker that held it disappeared"))
    );
    assert!(lab.runs().is_empty());
    stage.until_driver_is_empty().await;
    workers.stop().await;
}

#[both_sizes]
async fn a_batch_keeps_its_lease_when_some_of_it_was_put_off(stage: Stage) {
    let (until, lane) = (stage.clock.now() + TimeDelta::hours(1), Lane::Normal);
    let db = stage.db.clone();
    let lab = Lab::new(move |ids: Vec<RawEventId>| {
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
            Outcomes::done().with(first, Outcome::PutOff { until, lane })
        }
    });
    stage.enqueue(2).await;
    let workers = stage.start::<LeasedBatches>(&lab);
    stage.until_state("done", 1).await;
    assert_eq!(lab.runs().len(), 1, "it was cut off and run again");
    let first = stage.row(lab.runs()[0][0]).await;
    assert_eq!(
        (first.state.as_str(), first.attempts, first.due_at),
        ("pending", 0, until)
    );
    workers.stop().await;
}

/// Takes its id from the set however the job ends.
struct AtWork(Arc<Mutex<HashSet<RawEventId>>>, RawEventId);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.lock().expect("no test panics here").remove(&self.1);
    }
}

#[both_sizes]
async fn a_long_job_keeps_its_lease_and_nobody_else_begins_it(stage: Stage) {
    let (at_work, met) = (Arc::new(Mutex::new(HashSet::new())), Arc::new(AtomicUsize::new(0)));
    let meetings = met.clone();
    let lab = Lab::new(move |ids: Vec<RawEventId>| {
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
    let (one, other) = (stage.start::<Leased>(&lab), stage.start::<Leased>(&lab));
    let ids = stage.enqueue(16).await;
    let now = stage.clock.now();
    soon("all are done, though they are offered again and again", async || {
        stage
            .queues
            .push(&LAB, ids.iter().copied(), now)
            .await
            .expect("the driver answers");
        stage.in_state("done").await == 16
    })
    .await;
    assert_eq!(met.load(SeqCst), 0, "two worked on one row");
    assert_eq!(stage.totals().await.0, 16);
    one.stop().await;
    other.stop().await;
}
