use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mainstay_test_macros::both_sizes;
use tokio::sync::Semaphore;

use super::{
    lab::{Batches, LAB, Lab, Leased, LeasedBatches},
    stage::{Stage, soon},
};
use crate::queue::{Outcomes, admin};

/// Jobs that go on until the gate lets them.
fn gated() -> (Lab, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let lab = Lab::new(move |_| {
        let gate = closed.clone();
        async move {
            gate.acquire().await.expect("the gate is never removed").forget();
            Outcomes::done()
        }
    });
    (lab, gate)
}

#[both_sizes]
async fn a_leaving_worker_finishes_what_it_began(stage: Stage) {
    let (lab, gate) = gated();
    let workers = stage.start::<Leased>(&lab);
    stage.enqueue(8).await;
    soon("all have begun", async || lab.runs().len() == 8).await;
    workers.shutdown.cancel();
    stage.enqueue(5).await;
    gate.add_permits(100);
    workers.stop().await;
    assert_eq!((stage.in_state("done").await, stage.in_state("pending").await), (8, 5));
    assert_eq!(lab.ran().len(), 8);
    let depth = stage.queues.depth(&LAB).await.expect("the driver answers");
    assert_eq!((depth.waiting(), depth.held), (5, 0));
}

#[both_sizes]
async fn what_was_not_begun_goes_to_others_at_once(stage: Stage) {
    // A batch that fails as a whole is run one at a time; the process is told to leave while the first of them runs.
    let (lab, gate) = gated();
    let singles = lab.clone();
    let lab = Lab::new(move |ids| {
        let singles = singles.clone();
        async move {
            assert!(ids.len() == 1, "one at a time, please");
            <Leased as crate::queue::Job>::run(&singles, &ids).await
        }
    });
    stage.enqueue(50).await;
    let workers = stage.start::<LeasedBatches>(&lab);
    soon("the first runs alone", async || lab.runs().len() == 2).await;
    workers.shutdown.cancel();
    gate.add_permits(100);
    workers.stop().await;
    assert_eq!(stage.in_state("done").await, 1);
    let depth = stage.queues.depth(&LAB).await.expect("the driver answers");
    assert_eq!((depth.waiting(), depth.held), (49, 0));
    let begun = Instant::now();
    let others = stage.start::<Batches>(&Lab::done());
    stage.until_state("done", 50).await;
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "they had to wait for a lease"
    );
    assert_eq!(stage.totals().await, (50, 0));
    others.stop().await;
}

#[both_sizes]
async fn a_leaving_worker_does_not_wait_for_ever(stage: Stage) {
    let (lab, _gate) = gated();
    let workers = stage.start_with::<Leased>(&lab, Duration::from_millis(300));
    let ids = stage.enqueue(1).await;
    soon("it has begun", async || lab.runs().len() == 1).await;
    let begun = Instant::now();
    workers.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let row = stage.row(ids[0]).await;
    assert_eq!((row.state.as_str(), row.attempts), ("pending", 1));
    assert_eq!(
        row.last_error.as_deref(),
        Some("the worker had to leave before it finished")
    );
    assert_eq!(stage.queues.depth(&LAB).await.expect("the driver answers").held, 0);
}

#[both_sizes]
async fn a_worker_takes_leave(stage: Stage) {
    let (lab, gate) = gated();
    let (one, other) = (stage.start::<Leased>(&lab), stage.start::<Leased>(&lab));
    let present = async || {
        admin::workers(&stage.db, stage.clock.now())
            .await
            .expect("workers are read")
    };
    soon("both are there", async || present().await.len() == 2).await;
    let there = present().await;
    assert!(there[0].id != there[1].id && there[0].pid == i64::from(std::process::id()));
    assert_eq!(there[0].in_hand.get("lab"), Some(&0));
    one.stop().await;
    assert_eq!(present().await.len(), 1);
    gate.add_permits(1);
    other.stop().await;
    assert!(present().await.is_empty());
}
