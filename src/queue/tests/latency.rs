use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{
    lab::{LAB, Lab, OneByOne},
    stage::Stage,
};
use crate::queue::{Lane, Outcomes};

both_sizes!(an_idle_worker_begins_at_once);

/// Prints how long it takes from the push to the handler on an idle system. The bound is generous: the machine may be busy.
async fn an_idle_worker_begins_at_once(stage: Stage) {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let lab = Lab::new(move |_| {
        begun.send(Instant::now()).expect("the test listens");
        async { Outcomes::settled() }
    });
    let workers = stage.start::<OneByOne>(&lab);
    let mut times = Vec::new();
    for _ in 0..100 {
        let ids = stage.store(1, Lane::Normal, stage.clock.now()).await;
        let pushed = Instant::now();
        stage
            .queues
            .push(&LAB, ids, stage.clock.now())
            .await
            .expect("the driver takes it");
        let begin = begins.recv().await.expect("the worker works");
        times.push(begin.saturating_duration_since(pushed));
    }
    times.sort_unstable();
    println!("push to handler, idle: p50 {:?}, p99 {:?}", times[49], times[98]);
    assert!(times[49] < Duration::from_millis(500));
    workers.stop().await;
}
