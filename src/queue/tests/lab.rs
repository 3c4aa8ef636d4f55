use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use crate::{
    domain::{Id, RawEventId},
    queue::{Backoff, Claim, Job, Outcomes, Queue},
};

pub const LAB: Queue = Queue::new("lab", "lab").lanes("lane");

type Ended = Outcomes<RawEventId>;

/// What the jobs of a test do, and what they were given.
#[derive(Clone)]
pub struct Lab {
    act: Arc<dyn Fn(Vec<RawEventId>) -> BoxFuture<'static, Ended> + Send + Sync>,
    runs: Arc<Mutex<Vec<Vec<Uuid>>>>,
}

impl Lab {
    pub fn new<F: Future<Output = Ended> + Send + 'static>(
        act: impl Fn(Vec<RawEventId>) -> F + Send + Sync + 'static,
    ) -> Self {
        Self {
            act: Arc::new(move |ids| act(ids).boxed()),
            runs: Arc::default(),
        }
    }

    /// Whatever comes is done.
    pub fn done() -> Self {
        Self::new(async |_| Outcomes::done())
    }

    /// The ids of each run, in order.
    pub fn runs(&self) -> Vec<Vec<Uuid>> {
        self.runs.lock().expect("no test panics here").clone()
    }

    pub fn ran(&self) -> Vec<Uuid> {
        self.runs().concat()
    }
}

pub const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(4), Duration::from_secs(30)).jitter(0.0);

/// A job of so many at once in batches of so many, whose rows the frame leases or not.
pub struct Kind<const CONCURRENCY: usize, const BATCH: usize, const LEASED: bool>;

pub type OneByOne = Kind<1, 1, false>;
pub type Batches = Kind<4, 100, false>;
pub type Leased = Kind<8, 1, true>;
pub type LeasedBatches = Kind<2, 100, true>;

impl<const CONCURRENCY: usize, const BATCH: usize, const LEASED: bool> Job for Kind<CONCURRENCY, BATCH, LEASED> {
    const QUEUE: Queue = LAB;
    const CONCURRENCY: usize = CONCURRENCY;
    const BATCH: usize = BATCH;
    const CLAIM: Claim = if LEASED { Claim::Leased } else { Claim::Locked };
    const MAX_ATTEMPTS: i64 = 3;
    const BACKOFF: Backoff = BACKOFF;
    const LEASE: Duration = Duration::from_secs(2);
    const TIMEOUT: Duration = Duration::from_secs(5);

    type Id = RawEventId;
    type Context = Lab;

    async fn run(lab: &Lab, ids: &[RawEventId]) -> Ended {
        lab.runs
            .lock()
            .expect("no test panics here")
            .push(ids.iter().map(|id| id.uuid()).collect());
        (lab.act)(ids.to_vec()).await
    }
}
