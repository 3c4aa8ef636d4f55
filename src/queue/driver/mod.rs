//! What carries ids. Both kinds do the same (`tests/driver.rs` holds them to it): a set of ids with their due times, in lanes; a
//! set of ids in hand, each with a deadline; and a bell that wakes whoever waits.

mod bell;
mod local;
mod redis;
mod scripts;

use std::time::Duration;

use uuid::Uuid;

pub(super) use bell::Bell;
use local::Local;
use redis::Redis;

use super::{Error, Lane, Queue};

/// The most ids that one call takes, and that one command carries.
pub(super) const CHUNK: usize = 1_000;

/// An id, when it is due (milliseconds since 1970, by the clock of the program), and its lane.
pub(super) type Waiting = (Uuid, i64, Lane);

/// What is done about an id that is offered while a worker has it in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InHand {
    /// Nothing: the worker will say what becomes of it.
    Leave,
    /// It comes again when the worker lets go of it, at the due time offered.
    Recall,
}

/// What became of the ids that were offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Not queued before. Those neither new nor dropped nor deferred were known already; the earlier due time holds.
    pub new: usize,
    /// Turned away because the lane was full, these or others that were due later; the sweep brings them.
    pub dropped: usize,
    /// Too far ahead to be kept here; the sweep brings them in time.
    pub deferred: usize,
    /// Ids that the lane holds now.
    pub depth: usize,
}

/// What was taken: it is in hand until settled, or until its lease ends.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub ids: Vec<(Uuid, Lane)>,
    /// In the hand of the caller too, but another held them and was not heard of any more.
    pub lost: Vec<Uuid>,
    /// The due time of the first id taken, and of the first that is left.
    pub first_due_ms: Option<i64>,
    pub next_due_ms: Option<i64>,
}

/// How many ids a driver holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// By lane, due or not.
    pub lanes: [usize; 3],
    /// In the hands of workers.
    pub held: usize,
}

impl Depth {
    pub fn waiting(&self) -> usize {
        self.lanes.iter().sum()
    }
}

pub(super) enum Driver {
    Local(Local),
    Redis(Box<Redis>),
}

impl Driver {
    pub fn local() -> Self {
        Driver::Local(Local::default())
    }

    pub fn redis(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Driver::Redis(Box::new(Redis::new(url, prefix)?)))
    }

    /// Queues ids of one lane, at most [`CHUNK`]. One that is queued keeps the earlier of the two due times; one in hand is left alone, or
    /// comes again when it is let go of. The lane grows to `limit` ids and no further: then one that is due earlier takes the place of the
    /// one that is due last.
    pub async fn push(
        &self,
        queue: &Queue,
        lane: Lane,
        ids: &[(Uuid, i64)],
        limit: usize,
        in_hand: InHand,
    ) -> Result<Pushed, Error> {
        match self {
            Driver::Local(local) => Ok(local.push(queue, lane, ids, limit, in_hand)),
            Driver::Redis(redis) => redis.push(queue, lane, ids, limit, in_hand).await,
        }
    }

    /// Takes up to `n` ids that are due, and lost ones beside, for the time of the lease.
    pub async fn take(&self, queue: &Queue, now_ms: i64, n: usize, lease: Duration) -> Result<Taken, Error> {
        match self {
            Driver::Local(local) => Ok(local.take(queue, now_ms, n.min(CHUNK), lease)),
            Driver::Redis(redis) => redis.take(queue, now_ms, n.min(CHUNK), lease).await,
        }
    }

    /// Lets go of ids in hand, and queues some (of these or others) whatever the depth, those that were recalled among them.
    pub async fn settle(&self, queue: &Queue, gone: &[Uuid], again: &[Waiting]) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.settle(queue, gone, again),
            Driver::Redis(redis) => redis.settle(queue, gone, again).await?,
        }
        Ok(())
    }

    /// Puts off the deadline of ids in hand, and holds them again where the driver forgot.
    pub async fn renew(&self, queue: &Queue, ids: &[Uuid], lease: Duration) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.renew(queue, ids, lease),
            Driver::Redis(redis) => redis.renew(queue, ids, lease).await?,
        }
        Ok(())
    }

    pub async fn depth(&self, queue: &Queue) -> Result<Depth, Error> {
        match self {
            Driver::Local(local) => Ok(local.depth(queue)),
            Driver::Redis(redis) => redis.depth(queue).await,
        }
    }

    /// Whether this one may sweep the queue for the next `term`; a term of zero gives it up.
    pub async fn lead(&self, queue: &Queue, who: &str, term: Duration) -> Result<bool, Error> {
        match self {
            Driver::Local(local) => Ok(local.lead(queue, who, term)),
            Driver::Redis(redis) => redis.lead(queue, who, term).await,
        }
    }

    pub async fn ping(&self) -> Result<(), Error> {
        match self {
            Driver::Local(_) => Ok(()),
            Driver::Redis(redis) => redis.ping().await,
        }
    }

    pub fn bell(&self, queue: &Queue) -> Bell {
        match self {
            Driver::Local(local) => Bell::local(local.bell(queue)),
            Driver::Redis(redis) => Bell::redis(redis, queue),
        }
    }
}
