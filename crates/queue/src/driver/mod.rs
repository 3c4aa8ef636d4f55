//! Queue drivers. A driver holds ids with due times in lanes, ids in flight with a deadline each, and a wake-up for idle workers. Both
//! drivers pass the same suite, `tests/driver.rs`.

mod memory;
mod redis;
mod scripts;
mod wakeup;

use std::time::Duration;

use uuid::Uuid;

use memory::MemoryDriver;
use redis::RedisDriver;
pub(super) use wakeup::Wakeup;

use super::{Error, Lane, Queue};

/// Maximum number of ids per fetch and per Redis command.
pub(super) const CHUNK: usize = 1_000;

/// An id, its due time (milliseconds since 1970, by the clock of this program) and its lane.
pub(super) type DriverEntry = (Uuid, i64, Lane);

/// The effect of a push on an id that is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InFlightPolicy {
    /// Nothing: its worker decides.
    Ignore,
    /// Queues it again, at the pushed due time, once its worker settles it.
    RunAgain,
}

/// The result of a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Ids not queued before. Ids neither new nor dropped nor deferred were queued already; the earlier due time holds.
    pub new: usize,
    /// Ids rejected because the lane was full: these, or others due later. The sweep brings them.
    pub dropped: usize,
    /// Ids due too far ahead to be held here. The sweep brings them in time.
    pub deferred: usize,
    /// Ids in the lane now.
    pub depth: usize,
}

/// Fetched ids: in flight until settled or until their lease expires.
#[derive(Debug, Default)]
pub(super) struct FetchedIds {
    pub ids: Vec<(Uuid, Lane)>,
    /// Ids whose previous lease expired. They are in flight for the caller now.
    pub lost: Vec<Uuid>,
    /// The due time of the first fetched id, and of the first one left in the queue.
    pub first_due_ms: Option<i64>,
    pub next_due_ms: Option<i64>,
}

/// The number of ids in a driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Per lane, due or not.
    pub lanes: [usize; 3],
    /// Fetched and not settled.
    pub in_flight: usize,
}

impl Depth {
    pub fn waiting(&self) -> usize {
        self.lanes.iter().sum()
    }
}

pub(super) enum QueueDriver {
    Memory(MemoryDriver),
    Redis(Box<RedisDriver>),
}

impl QueueDriver {
    pub fn in_memory() -> Self {
        QueueDriver::Memory(MemoryDriver::default())
    }

    pub fn redis(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(QueueDriver::Redis(Box::new(RedisDriver::new(url, prefix)?)))
    }

    /// Queues ids of one lane, at most [`CHUNK`].
    ///
    /// - An id that is queued keeps the earlier of the two due times; one in flight is treated as `policy` says.
    /// - A lane holds at most `limit` ids. In a full one, an id that is due earlier replaces the one due last.
    pub async fn push(
        &self,
        queue: &Queue,
        lane: Lane,
        ids: &[(Uuid, i64)],
        limit: usize,
        policy: InFlightPolicy,
    ) -> Result<Pushed, Error> {
        match self {
            QueueDriver::Memory(memory) => Ok(memory.push(queue, lane, ids, limit, policy)),
            QueueDriver::Redis(redis) => redis.push(queue, lane, ids, limit, policy).await,
        }
    }

    /// Fetches up to `max` due ids for the time of the lease, and ids whose lease has expired.
    pub async fn fetch(&self, queue: &Queue, now_ms: i64, max: usize, lease: Duration) -> Result<FetchedIds, Error> {
        match self {
            QueueDriver::Memory(memory) => Ok(memory.fetch(queue, now_ms, max.min(CHUNK), lease)),
            QueueDriver::Redis(redis) => redis.fetch(queue, now_ms, max.min(CHUNK), lease).await,
        }
    }

    /// Takes ids out of flight and queues `requeue`, regardless of the depth, along with settled ids that were pushed with
    /// [`InFlightPolicy::RunAgain`].
    pub async fn settle(&self, queue: &Queue, settled: &[Uuid], requeue: &[DriverEntry]) -> Result<(), Error> {
        match self {
            QueueDriver::Memory(memory) => memory.settle(queue, settled, requeue),
            QueueDriver::Redis(redis) => redis.settle(queue, settled, requeue).await?,
        }
        Ok(())
    }

    /// Extends the lease of ids in flight, and puts them in flight again where the driver lost them.
    pub async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        match self {
            QueueDriver::Memory(memory) => memory.renew(queue, ids, lease),
            QueueDriver::Redis(redis) => redis.renew(queue, ids, lease).await?,
        }
        Ok(())
    }

    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        match self {
            QueueDriver::Memory(memory) => Ok(memory.depth(queue)),
            QueueDriver::Redis(redis) => redis.depth(queue).await,
        }
    }

    /// Acquires or extends the leadership of a queue's sweep for `term`; a term of zero resigns.
    pub async fn try_lead(&self, queue: &Queue, candidate: &str, term: Duration) -> Result<bool, Error> {
        match self {
            QueueDriver::Memory(memory) => Ok(memory.try_lead(queue, candidate, term)),
            QueueDriver::Redis(redis) => redis.try_lead(queue, candidate, term).await,
        }
    }

    pub async fn ping(&self) -> Result<(), Error> {
        match self {
            QueueDriver::Memory(_) => Ok(()),
            QueueDriver::Redis(redis) => redis.ping().await,
        }
    }

    pub fn wakeup(&self, queue: &Queue) -> Wakeup {
        match self {
            QueueDriver::Memory(memory) => Wakeup::in_memory(memory.wakeup(queue)),
            QueueDriver::Redis(redis) => Wakeup::redis(redis, queue),
        }
    }
}
