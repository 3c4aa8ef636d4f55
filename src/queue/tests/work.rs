use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;

use super::{
    lab::{Batches, LAB, Lab, Leased, LeasedBatches, OneByOne},
    stage::{Stage, soon},
};
use crate::queue::{Lane, Outcome, Outcomes};

#[both_sizes]
async fn every_job_is_done_once_and_leaves_nothing(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    let mut ids = stage.enqueue(500).await;
    stage.until_state("done", 500).await;
    stage.until_driver_is_empty().await;
    let mut ran = lab.ran();
    ran.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ran, ids);
    let row = stage.row(ids[0]).await;
    assert_eq!((row.attempts, row.last_error), (1, None));
    assert!(row.finished_at.is_some());
    assert_eq!(stage.totals().await, (500, 0));
    workers.stop().await;
}

#[both_sizes]
async fn a_leased_job_counts_its_attempt(stage: Stage) {
    let lab = Lab::done();
    let workers = stage.start::<LeasedBatches>(&lab);
    let ids = stage.enqueue(150).await;
    stage.until_state("done", 150).await;
    assert_eq!(stage.row(ids[149]).await.attempts, 1);
    assert_eq!(stage.totals().await, (150, 0));
    workers.stop().await;
}

#[both_sizes]
async fn what_waits_together_is_worked_on_together(stage: Stage) {
    let lab = Lab::done();
    stage.enqueue(250).await;
    let workers = stage.start::<Batches>(&lab);
    stage.until_state("done", 250).await;
    let sizes: Vec<usize> = lab.runs().iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().max(), Some(&100), "{sizes:?}");
    workers.stop().await;
}

#[both_sizes]
async fn a_job_offered_twice_runs_once(stage: Stage) {
    let lab = Lab::done();
    let ids = stage.enqueue(10).await;
    let now = stage.clock.now();
    let pushed = stage
        .queues
        .push(&LAB, ids.iter().copied(), now)
        .await
        .expect("the driver answers");
    assert_eq!((pushed.new, pushed.depth), (0, 10));
    let workers = stage.start::<OneByOne>(&lab);
    stage.until_state("done", 10).await;
    assert_eq!(lab.ran().len(), 10);
    workers.stop().await;
}

#[both_sizes]
async fn replies_go_before_campaigns(stage: Stage) {
    let now = stage.clock.now();
    let mut expected = Vec::new();
    for (lane, age) in [(Lane::Low, 3), (Lane::Normal, 2), (Lane::High, 1)] {
        let ids = stage.store(3, lane, now - TimeDelta::seconds(age)).await;
        let entries: Vec<_> = ids.iter().map(|id| stage.entry(*id, lane)).collect();
        stage.queues.offer(&LAB, &entries).await.expect("the driver takes them");
        expected.splice(0..0, [(lane, ids)]);
    }
    let lab = Lab::done();
    let workers = stage.start::<OneByOne>(&lab);
    stage.until_state("done", 9).await;
    for ((lane, ids), ran) in expected.iter().zip(lab.ran().chunks(3)) {
        assert!(ids.iter().all(|id| ran.contains(id)), "{lane:?}");
    }
    workers.stop().await;
}

#[both_sizes]
async fn outcomes_may_differ_within_a_batch(stage: Stage) {
    let until = stage.clock.now() + TimeDelta::hours(1);
    let lab = Lab::new(move |ids| async move {
        Outcomes::done()
            .with(ids[0], Outcome::discard("no such recipient"))
            .with(ids[1], Outcome::Snooze { until })
            .with(ids[2], Outcome::quarantine("no such channel"))
            .with(ids[3], Outcome::retry("busy"))
    });
    let ids = stage.enqueue(6).await;
    let workers = stage.start::<LeasedBatches>(&lab);
    stage.until_state("done", 2).await;
    let ran = lab.ran();
    assert_eq!(ran.len(), 6);
    let mut rows = Vec::new();
    for id in &ran {
        let row = stage.row(*id).await;
        rows.push((row.state, row.attempts, row.last_error));
    }
    let row = |state: &str, attempts, error: Option<&str>| (state.to_owned(), attempts, error.map(str::to_owned));
    assert_eq!(rows[0], row("dead", 1, Some("no such recipient")));
    assert_eq!(rows[1], row("pending", 0, None));
    assert_eq!(rows[2], row("quarantined", 1, Some("no such channel")));
    assert_eq!(rows[3], row("pending", 1, Some("busy")));
    assert_eq!(rows[4], row("done", 1, None));
    assert_eq!(stage.row(ran[1]).await.due_at, until);
    assert_eq!(stage.totals().await, (2, 2));
    assert_eq!(ids.len(), 6);
    workers.stop().await;
}

#[both_sizes]
async fn a_row_discarded_while_it_runs_stays_discarded(stage: Stage) {
    let (told, go) = (
        std::sync::Arc::new(tokio::sync::Notify::new()),
        std::sync::Arc::new(tokio::sync::Notify::new()),
    );
    let (tell, wait) = (told.clone(), go.clone());
    let lab = Lab::new(move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            Outcomes::done()
        }
    });
    let workers = stage.start::<Leased>(&lab);
    let ids = stage.enqueue(1).await;
    told.notified().await;
    stage
        .db
        .sql("UPDATE lab SET state = 'discarded'", ())
        .run()
        .await
        .expect("a person may do so");
    go.notify_one();
    stage.until_driver_is_empty().await;
    assert_eq!(stage.row(ids[0]).await.state, "discarded");
    assert_eq!(stage.totals().await, (0, 0));
    soon("the slot is free again", async || lab.runs().len() == 1).await;
    workers.stop().await;
}
