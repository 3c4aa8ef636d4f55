use std::{future::Future, time::Duration};

use super::{Backoff, Outcomes, Queue};
use crate::domain::Id;

/// How a handler makes a row its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The handler locks the rows in its own transaction (`FOR UPDATE SKIP LOCKED`; SQLite has one writer anyway) and they stay
    /// `pending` until it commits their end. For short work that is all in the database. The worker writes one marker for the batch
    /// instead of an attempt for each row; jobs that were in hand of a process which died run alone from then on, each run counted before it
    /// begins.
    Locked,
    /// The frame sets the rows to `running` with a lease before the handler sees them, and renews the lease while it works. For
    /// work that goes elsewhere: the attempt is counted before anything is done, so that a crash cannot hide it. A handler that
    /// cannot keep its lease is stopped before the lease ends.
    Leased,
}

/// A kind of work: the queue it comes from, its policy, and what to do. A job gets a batch of ids, as many as are waiting.
///
/// A job may run twice for the same row and must leave the same result each time.
pub trait Job: Send + Sync + 'static {
    const QUEUE: Queue;
    /// Batches at a time, in one process.
    const CONCURRENCY: usize;
    /// The most ids in a batch.
    const BATCH: usize;
    const CLAIM: Claim;
    /// Runs that may fail before the row is dead.
    const MAX_ATTEMPTS: i64 = 10;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(600));
    /// How long rows belong to a worker that is not heard of. It is renewed at a third, so a job may run for longer; this is
    /// what passes before the jobs of a killed worker go to others.
    const LEASE: Duration = Duration::from_secs(15);
    /// How long is waited after several were taken, but fewer than there is room for: under load they come together, and
    /// what is paid for each batch is paid for more of them. After a single one nothing is waited for.
    const LINGER: Duration = Duration::ZERO;
    /// How long one run may take.
    const TIMEOUT: Duration = Duration::from_secs(30);

    type Id: Id;
    type Context: Clone + Send + Sync + 'static;

    /// Does the work for these rows and says how each ended. If a batch fails as a whole (panic, time-out,
    /// [`Outcomes::failed`]), its ids are run again one at a time, so that one bad row does not hold up its neighbours.
    fn run(context: &Self::Context, ids: &[Self::Id]) -> impl Future<Output = Outcomes<Self::Id>> + Send;
}
