//! The handle that pushes jobs.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Depth, Error, Lane, Pushed, Queue,
    driver::{CHUNK, DriverEntry, FetchedIds, InFlightPolicy, QueueDriver, Wakeup},
};
use mainstay_core::clock::Clock;

/// A job to push: its id, due time and lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobEntry {
    pub id: Uuid,
    pub due: DateTime<Utc>,
    pub lane: Lane,
}

/// How far ahead the driver holds scheduled jobs. Later ones stay in the table until the sweep brings them.
const HORIZON: Duration = Duration::from_secs(60);
/// Default for [`Queues::depth_limit`].
const DEPTH_LIMIT: usize = 100_000;

/// A handle to the queue driver, for pushing jobs. Clones share one driver.
#[derive(Clone)]
pub struct Queues {
    driver: Arc<QueueDriver>,
    clock: Clock,
    limit: usize,
}

impl Queues {
    /// Creates a driver in memory, for a process that has its database to itself.
    pub fn in_memory(clock: Clock) -> Self {
        Self::of(QueueDriver::in_memory(), clock)
    }

    /// Creates a driver on Redis, with keys that begin `{prefix:`. Connects lazily and reconnects as needed, so only a malformed address
    /// fails. Must be called within the Tokio runtime.
    pub fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, Error> {
        Ok(Self::of(QueueDriver::redis(url, prefix)?, clock))
    }

    /// Sets how many ids each lane of a queue may hold in the driver (default 100,000). Excess ids wait in the table.
    pub fn depth_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    fn of(driver: QueueDriver, clock: Clock) -> Self {
        Self {
            driver: Arc::new(driver),
            clock,
            limit: DEPTH_LIMIT,
        }
    }

    /// Pushes committed rows in the normal lane. Returns within about a second in any case. An error loses nothing: the sweep finds the
    /// rows a moment later.
    pub async fn push(
        &self,
        queue: &Queue,
        ids: impl IntoIterator<Item = Uuid>,
        due: DateTime<Utc>,
    ) -> Result<Pushed, Error> {
        let lane = Lane::Normal;
        let entries: Vec<JobEntry> = ids.into_iter().map(|id| JobEntry { id, due, lane }).collect();
        self.push_entries(queue, &entries).await
    }

    /// Pushes committed rows, each with its own due time and lane. See [`push`](Self::push).
    pub async fn push_entries(&self, queue: &Queue, entries: &[JobEntry]) -> Result<Pushed, Error> {
        let pushed = self.push_up_to(queue, entries, self.limit).await?;
        if pushed.dropped > 0 {
            metrics::counter!("mainstay_queue_dropped_total", "queue" => queue.name).increment(pushed.dropped as u64);
        }
        Ok(pushed)
    }

    /// Pushes rows that may be in flight. Those are queued again, at the given due time, once their worker settles them.
    pub async fn push_or_run_again(&self, queue: &Queue, entries: &[JobEntry]) -> Result<Pushed, Error> {
        let pushed = self
            .push_due_soon(queue, entries, self.limit, InFlightPolicy::RunAgain)
            .await?;
        if pushed.dropped > 0 {
            metrics::counter!("mainstay_queue_dropped_total", "queue" => queue.name).increment(pushed.dropped as u64);
        }
        Ok(pushed)
    }

    /// Pushes rows to lanes that hold fewer than `limit` ids.
    pub(super) async fn push_up_to(&self, queue: &Queue, entries: &[JobEntry], limit: usize) -> Result<Pushed, Error> {
        self.push_due_soon(queue, entries, limit, InFlightPolicy::Ignore).await
    }

    async fn push_due_soon(
        &self,
        queue: &Queue,
        entries: &[JobEntry],
        limit: usize,
        policy: InFlightPolicy,
    ) -> Result<Pushed, Error> {
        let due_soon = self.due_soon(entries);
        let mut sum = Pushed {
            deferred: entries.len() - due_soon.len(),
            ..Pushed::default()
        };
        for lane in Lane::ALL {
            let in_lane = due_soon.iter().filter(|(.., of)| *of == lane);
            let ids: Vec<(Uuid, i64)> = in_lane.map(|&(id, due, _)| (id, due)).collect();
            for chunk in ids.chunks(CHUNK) {
                let pushed = self.driver.push(queue, lane, chunk, limit, policy).await?;
                sum.new += pushed.new;
                sum.dropped += pushed.dropped;
                sum.depth = pushed.depth;
            }
        }
        Ok(sum)
    }

    /// Returns the number of ids in the driver.
    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        self.driver.depth(queue).await
    }

    /// Checks that the driver answers within a second.
    pub async fn ping(&self) -> Result<(), Error> {
        self.driver.ping().await
    }

    pub(super) async fn fetch(&self, queue: &Queue, max: usize, lease: Duration) -> Result<FetchedIds, Error> {
        self.driver.fetch(queue, self.now_ms(), max, lease).await
    }

    pub(super) async fn settle(&self, queue: &Queue, settled: &[Uuid], requeue: &[JobEntry]) -> Result<(), Error> {
        self.driver.settle(queue, settled, &self.due_soon(requeue)).await
    }

    pub(super) async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        self.driver.renew(queue, ids, lease).await
    }

    pub(super) async fn try_lead(&self, queue: &Queue, candidate: &str, term: Duration) -> Result<bool, Error> {
        self.driver.try_lead(queue, candidate, term).await
    }

    pub(super) fn wakeup(&self, queue: &Queue) -> Wakeup {
        self.driver.wakeup(queue)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    /// Returns the entries due before the horizon in the driver's form. Milliseconds in the future are rounded up, because a job must not
    /// begin before the microsecond in its row.
    fn due_soon(&self, entries: &[JobEntry]) -> Vec<DriverEntry> {
        let now = self.clock.now();
        let horizon = now + HORIZON;
        let due_soon = entries.iter().filter(|entry| entry.due <= horizon);
        let waiting = |entry: &JobEntry| {
            let us = entry.due.timestamp_micros();
            let up = i64::from(entry.due > now && us.rem_euclid(1_000) > 0);
            (entry.id, us.div_euclid(1_000) + up, entry.lane)
        };
        due_soon.map(waiting).collect()
    }
}
