use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Depth, Error, Lane, Pushed, Queue,
    driver::{Bell, CHUNK, Driver, InHand, Taken, Waiting},
};
use crate::clock::Clock;

/// An id that is to be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub due: DateTime<Utc>,
    pub lane: Lane,
}

/// How far ahead the driver knows what is due. The rest stays in the table until its time comes near.
const HORIZON: Duration = Duration::from_secs(60);
/// Ids that a lane holds, unless said otherwise.
const DEPTH_LIMIT: usize = 100_000;

/// The queues, for whoever has work to offer. Clones share one driver.
#[derive(Clone)]
pub struct Queues {
    driver: Arc<Driver>,
    clock: Clock,
    limit: usize,
}

impl Queues {
    /// In this process, for a process that is alone with its database.
    pub fn local(clock: Clock) -> Self {
        Self::of(Driver::local(), clock)
    }

    /// On Redis, under keys that begin `{prefix:`. Connects when first used and again whenever needed, so only a malformed address
    /// fails. To be called within the runtime.
    pub fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, Error> {
        Ok(Self::of(Driver::redis(url, prefix)?, clock))
    }

    /// How many ids each lane of a queue holds at most (100,000 unless set). What does not fit waits in its table.
    pub fn depth_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    fn of(driver: Driver, clock: Clock) -> Self {
        Self {
            driver: Arc::new(driver),
            clock,
            limit: DEPTH_LIMIT,
        }
    }

    /// Offers rows that are committed, in the normal lane. Returns within about a second whatever happens; an error loses nothing,
    /// for the sweep finds the rows a moment later.
    pub async fn push(
        &self,
        queue: &Queue,
        ids: impl IntoIterator<Item = Uuid>,
        due: DateTime<Utc>,
    ) -> Result<Pushed, Error> {
        let lane = Lane::Normal;
        let entries: Vec<Entry> = ids.into_iter().map(|id| Entry { id, due, lane }).collect();
        self.offer(queue, &entries).await
    }

    /// Like [`push`](Self::push), with a due time and a lane for each.
    pub async fn offer(&self, queue: &Queue, entries: &[Entry]) -> Result<Pushed, Error> {
        let pushed = self.refill(queue, entries, self.limit).await?;
        if pushed.dropped > 0 {
            metrics::counter!("mainstay_queue_dropped_total", "queue" => queue.name).increment(pushed.dropped as u64);
        }
        Ok(pushed)
    }

    /// Offers rows of which some may be in hand although there is news of them: these come again when they are let go of.
    pub async fn recall(&self, queue: &Queue, entries: &[Entry]) -> Result<Pushed, Error> {
        let pushed = self.give(queue, entries, self.limit, InHand::Recall).await?;
        if pushed.dropped > 0 {
            metrics::counter!("mainstay_queue_dropped_total", "queue" => queue.name).increment(pushed.dropped as u64);
        }
        Ok(pushed)
    }

    /// Offers rows as far as their lanes hold fewer than `limit`.
    pub(super) async fn refill(&self, queue: &Queue, entries: &[Entry], limit: usize) -> Result<Pushed, Error> {
        self.give(queue, entries, limit, InHand::Leave).await
    }

    async fn give(&self, queue: &Queue, entries: &[Entry], limit: usize, in_hand: InHand) -> Result<Pushed, Error> {
        let near = self.near(entries);
        let mut sum = Pushed {
            deferred: entries.len() - near.len(),
            ..Pushed::default()
        };
        for lane in Lane::ALL {
            let in_lane = near.iter().filter(|(.., of)| *of == lane);
            let ids: Vec<(Uuid, i64)> = in_lane.map(|&(id, due, _)| (id, due)).collect();
            for chunk in ids.chunks(CHUNK) {
                let pushed = self.driver.push(queue, lane, chunk, limit, in_hand).await?;
                sum.new += pushed.new;
                sum.dropped += pushed.dropped;
                sum.depth = pushed.depth;
            }
        }
        Ok(sum)
    }

    /// How many ids the driver holds.
    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        self.driver.depth(queue).await
    }

    /// Whether the driver answers, within a second.
    pub async fn ping(&self) -> Result<(), Error> {
        self.driver.ping().await
    }

    pub(super) async fn take(&self, queue: &Queue, n: usize, lease: Duration) -> Result<Taken, Error> {
        self.driver.take(queue, self.now_ms(), n, lease).await
    }

    pub(super) async fn settle(&self, queue: &Queue, gone: &[Uuid], again: &[Entry]) -> Result<(), Error> {
        self.driver.settle(queue, gone, &self.near(again)).await
    }

    pub(super) async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        self.driver.renew(queue, ids, lease).await
    }

    pub(super) async fn lead(&self, queue: &Queue, who: &str, term: Duration) -> Result<bool, Error> {
        self.driver.lead(queue, who, term).await
    }

    pub(super) fn bell(&self, queue: &Queue) -> Bell {
        self.driver.bell(queue)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    /// What is due before the horizon, as the driver keeps it. Milliseconds that are still to come are rounded up, for a job must not
    /// begin before the microsecond that its row names.
    fn near(&self, entries: &[Entry]) -> Vec<Waiting> {
        let now = self.clock.now();
        let horizon = now + HORIZON;
        let near = entries.iter().filter(|entry| entry.due <= horizon);
        let waiting = |entry: &Entry| {
            let us = entry.due.timestamp_micros();
            let up = i64::from(entry.due > now && us.rem_euclid(1_000) > 0);
            (entry.id, us.div_euclid(1_000) + up, entry.lane)
        };
        near.map(waiting).collect()
    }
}
