use std::{future::Future, time::Duration};

use super::{Backoff, Outcomes, Queue};
use mainstay_core::domain::Id;

/// How the rows of a batch are claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The handler locks the rows in its own transaction (`FOR UPDATE SKIP LOCKED`; SQLite has a single writer) and they stay `pending`
    /// until it commits their outcome. For short work inside the database. The worker writes one marker per batch instead of one attempt
    /// per row; jobs that were in flight in a process that died run alone from then on, and each of these runs is counted before it begins.
    Locked,
    /// The runtime sets the rows to `running` with a lease before the handler starts, and renews the lease while it runs. For work with
    /// external effects: the attempt is counted first, so a crash cannot hide it. A handler whose lease cannot be renewed is stopped before
    /// the lease expires.
    Leased,
}

/// A kind of job: its queue, its policy constants and its handler. The handler gets a batch of ids.
///
/// Delivery is at-least-once: a job may run twice for the same row and must be idempotent.
pub trait Job: Send + Sync + 'static {
    const QUEUE: Queue;
    /// Maximum number of concurrent batches per process.
    const CONCURRENCY: usize;
    /// Maximum number of ids in a batch.
    const BATCH: usize;
    const CLAIM: Claim;
    /// Number of failed runs after which the row is dead. The rows of a recurring queue have no such number.
    const MAX_ATTEMPTS: i64 = 10;
    /// Whether dead rows are revived on the ladder of [dead letters](crate::dead_letters), and archived after it. Not where their time is
    /// over by then, or they have a way of their own to be tried again.
    const REVIVE: bool = true;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(600));
    /// How long a row belongs to a worker. Renewed every third of it, so a job may run longer. It is also the delay before other workers
    /// take over the jobs of a killed worker.
    const LEASE: Duration = Duration::from_secs(15);
    /// How long the fetcher waits after it fetched more than one id but fewer than it has room for. Under load this makes batches larger
    /// and their fixed cost cheaper. There is no wait after a single id.
    const LINGER: Duration = Duration::ZERO;
    /// Maximum duration of one run.
    const TIMEOUT: Duration = Duration::from_secs(30);

    type Id: Id;
    type Context: Clone + Send + Sync + 'static;

    /// Processes these rows and returns their outcomes. If a batch fails as a whole (panic, timeout, [`Outcomes::failed`]), its ids are run
    /// again one at a time, so that one bad row does not block the others.
    fn run(context: &Self::Context, ids: &[Self::Id]) -> impl Future<Output = Outcomes<Self::Id>> + Send;
}
