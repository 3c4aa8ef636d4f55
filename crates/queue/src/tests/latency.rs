//! Latency of an idle worker, and the linger time.

use std::time::{Duration, Instant};

use mainstay_test_macros::both_sizes;
use tokio::sync::mpsc;

use super::{
    fixture::QueueFixture,
    test_job::{Batched, OneByOne, TEST_QUEUE, TestHandler},
};
use crate::{Claim, Job, Lane, Outcomes, Queue};
use mainstay_core::domain::RawEventId;

/// A job with a linger time.
struct Lingering;

impl Job for Lingering {
    const QUEUE: Queue = TEST_QUEUE;
    const CONCURRENCY: usize = 2;
    const BATCH: usize = 100;
    const CLAIM: Claim = Claim::Locked;
    const LINGER: Duration = Duration::from_millis(1_500);

    type Id = RawEventId;
    type Context = TestHandler;

    async fn run(handler: &TestHandler, ids: &[RawEventId]) -> Outcomes<RawEventId> {
        Batched::run(handler, ids).await
    }
}

/// Prints the latency from push to handler on an idle system. The bound is generous: the machine may be busy.
#[both_sizes]
async fn an_idle_worker_begins_at_once(fixture: QueueFixture) {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let handler = TestHandler::new(move |_| {
        begun.send(Instant::now()).expect("the test listens");
        async { Outcomes::settled() }
    });
    let workers = fixture.start::<OneByOne>(&handler);
    let mut times = Vec::new();
    for _ in 0..100 {
        let ids = fixture.store(1, Lane::Normal, fixture.clock.now()).await;
        let pushed = Instant::now();
        fixture
            .queues
            .push(&TEST_QUEUE, ids, fixture.clock.now())
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

#[both_sizes]
async fn several_are_waited_after_and_one_is_not(fixture: QueueFixture) {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let handler = TestHandler::new(move |ids| {
        begun.send((Instant::now(), ids.len())).expect("the test listens");
        async { Outcomes::done() }
    });
    let workers = fixture.start::<Lingering>(&handler);
    let mut run = async |count| {
        fixture.enqueue(count).await;
        begins.recv().await.expect("the worker works")
    };
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(run(1).await.1, 1);
    }
    let before = Instant::now();
    let several = run(3).await;
    assert!(began.elapsed() < Lingering::LINGER * 3, "one is not waited after");
    assert_eq!(several.1, 3);
    let next = run(1).await;
    assert!(
        next.0 - before >= Lingering::LINGER,
        "it came while more was waited for"
    );
    workers.stop().await;
}
