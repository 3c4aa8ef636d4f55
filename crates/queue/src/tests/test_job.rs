//! Jobs with a handler made of a closure.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use crate::{Backoff, Claim, Job, Outcomes, Queue};
use mainstay_core::domain::{Id, RawEventId};

pub const TEST_QUEUE: Queue = Queue::new("lab", "lab").with_lanes("lane");

type Ends = Outcomes<RawEventId>;

/// A handler made of a closure, which records the ids of its runs.
#[derive(Clone)]
pub struct TestHandler {
    act: Arc<dyn Fn(Vec<RawEventId>) -> BoxFuture<'static, Ends> + Send + Sync>,
    runs: Arc<Mutex<Vec<Vec<Uuid>>>>,
}

impl TestHandler {
    pub fn new<F: Future<Output = Ends> + Send + 'static>(
        act: impl Fn(Vec<RawEventId>) -> F + Send + Sync + 'static,
    ) -> Self {
        Self {
            act: Arc::new(move |ids| act(ids).boxed()),
            runs: Arc::default(),
        }
    }

    /// Creates a handler that completes every job.
    pub fn done() -> Self {
        Self::new(async |_| Outcomes::done())
    }

    /// Records the run, and acts.
    pub async fn handle(&self, ids: &[RawEventId]) -> Ends {
        let run = ids.iter().map(|id| id.uuid()).collect();
        self.runs.lock().expect("no test panics here").push(run);
        (self.act)(ids.to_vec()).await
    }

    /// Returns the ids of each run, in order.
    pub fn runs(&self) -> Vec<Vec<Uuid>> {
        self.runs.lock().expect("no test panics here").clone()
    }

    pub fn ran(&self) -> Vec<Uuid> {
        self.runs().concat()
    }
}

pub const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(4), Duration::from_secs(30)).jitter(0.0);

/// A job with this concurrency and batch size, leased or locked.
pub struct TestJob<const CONCURRENCY: usize, const BATCH: usize, const LEASED: bool>;

pub type OneByOne = TestJob<1, 1, false>;
pub type Batched = TestJob<4, 100, false>;
pub type Leased = TestJob<8, 1, true>;
pub type LeasedBatches = TestJob<2, 100, true>;

impl<const CONCURRENCY: usize, const BATCH: usize, const LEASED: bool> Job for TestJob<CONCURRENCY, BATCH, LEASED> {
    const QUEUE: Queue = TEST_QUEUE;
    const CONCURRENCY: usize = CONCURRENCY;
    const BATCH: usize = BATCH;
    const CLAIM: Claim = if LEASED { Claim::Leased } else { Claim::Locked };
    const MAX_ATTEMPTS: i64 = 3;
    const BACKOFF: Backoff = BACKOFF;
    const LEASE: Duration = Duration::from_secs(2);
    const TIMEOUT: Duration = Duration::from_secs(5);

    type Id = RawEventId;
    type Context = TestHandler;

    async fn run(handler: &TestHandler, ids: &[RawEventId]) -> Ends {
        handler.handle(ids).await
    }
}
