//! Jobs that their process dies of, in a queue that is not leased.

use std::time::Duration;

use mainstay_test_macros::both_sizes;
use uuid::Uuid;

use super::{
    lab::{Batches, Lab},
    stage::{Stage, soon},
};
use crate::{
    domain::{Id, RawEventId},
    queue::{Claim, Job, Outcomes, Queue},
};

/// [`Batches`] whose runs never time out: a killed worker's handler goes on in this process and must not write how it ended.
struct Endless;

impl Job for Endless {
    const QUEUE: Queue = Batches::QUEUE;
    const CONCURRENCY: usize = Batches::CONCURRENCY;
    const BATCH: usize = Batches::BATCH;
    const CLAIM: Claim = Claim::Locked;
    const LEASE: Duration = Batches::LEASE;
    const TIMEOUT: Duration = Duration::from_secs(600);

    type Id = RawEventId;
    type Context = Lab;

    async fn run(lab: &Lab, ids: &[RawEventId]) -> Outcomes<RawEventId> {
        Batches::run(lab, ids).await
    }
}

/// A handler that never returns from a batch with this job in it, as if the process had died there.
fn deadly(poison: Uuid) -> Lab {
    Lab::new(move |ids: Vec<RawEventId>| async move {
        if ids.iter().any(|id| id.uuid() == poison) {
            std::future::pending::<()>().await;
        }
        Outcomes::done()
    })
}

fn runs_with(lab: &Lab, id: Uuid) -> usize {
    lab.runs().iter().filter(|ids| ids.contains(&id)).count()
}

async fn markers(stage: &Stage) -> i64 {
    let count = stage.db.reader().sql("SELECT COUNT(*) FROM job_markers", ());
    count.one::<(i64,)>().await.expect("markers are counted").0
}

#[both_sizes]
async fn a_job_that_its_process_dies_of_ends_dead_and_its_neighbours_are_done(mut stage: Stage) {
    let ids = stage.enqueue(20).await;
    let poison = ids[7];
    let lab = deadly(poison);
    for deaths in 1..=4 {
        let workers = stage.start::<Endless>(&lab);
        soon("the deadly job runs", async || runs_with(&lab, poison) == deaths).await;
        workers.kill().await;
        stage.restart();
    }
    let workers = stage.start::<Endless>(&lab);
    stage.until_state("dead", 1).await;
    stage.until_state("done", 19).await;
    workers.stop().await;
    assert_eq!(runs_with(&lab, poison), 4, "once among others, three times alone");
    let row = stage.row(poison).await;
    let error = "the process died each time it worked on this";
    assert_eq!((row.attempts, row.last_error.as_deref()), (3, Some(error)));
    assert_eq!(markers(&stage).await, 0);
}

#[both_sizes]
async fn neighbours_of_a_crash_that_do_well_are_suspected_no_longer(mut stage: Stage) {
    let ids = stage.enqueue(20).await;
    let deadly = deadly(ids[7]);
    let workers = stage.start::<Endless>(&deadly);
    soon("the batch runs", async || runs_with(&deadly, ids[7]) == 1).await;
    workers.kill().await;
    stage.restart();
    // It was the machine: this time nothing is wrong with it.
    let lab = Lab::done();
    let workers = stage.start::<Endless>(&lab);
    stage.until_state("done", 20).await;
    workers.stop().await;
    assert!(lab.runs().iter().all(|ids| ids.len() == 1), "each alone");
    assert_eq!(stage.row(ids[7]).await.last_error, None);
    assert_eq!(markers(&stage).await, 0);
}

#[both_sizes]
async fn a_worker_that_leaves_in_good_order_leaves_no_marker(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<Endless>(&lab);
    stage.enqueue(300).await;
    stage.until_state("done", 300).await;
    assert!(markers(&stage).await > 0, "what is in hand is marked");
    workers.stop().await;
    assert_eq!(markers(&stage).await, 0);
}
