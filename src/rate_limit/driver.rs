//! What remembers. Both kinds decide alike (`tests/` holds them to it); a time is microseconds since 1970, by the clock of the caller.

use super::{Error, Limit, Number, book::Book, local::Local, redis::Redis};
use crate::domain::SendLane;

/// The most asks that one script decides over.
pub(super) const CHUNK: usize = 500;

/// A recipient, as a pair is known by it.
pub(super) type Recipient = [u8; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub recipient: Recipient,
    pub lane: SendLane,
    pub promised: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// `trial`: the pair was refused lately, so it matters whether this one is accepted.
    Slot {
        at: i64,
        trial: bool,
    },
    Later {
        at: i64,
        because: Limit,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    pub each: Vec<Verdict>,
    /// Promises made before this time are worthless, and the caller is the one to do something about it.
    pub change: Option<i64>,
}

/// What Meta said, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Accepted(Recipient),
    Refused(Recipient),
    Throttled,
    Maintenance,
}

pub(super) enum Driver {
    Local(Box<Local>),
    Redis(Box<Redis>),
}

impl Driver {
    pub fn local() -> Self {
        Driver::Local(Box::default())
    }

    pub fn redis(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(Driver::Redis(Box::new(Redis::new(url, prefix)?)))
    }

    /// Decides in the order given, over at most [`CHUNK`].
    pub async fn reserve(&self, number: &Number, now: i64, wants: &[Want]) -> Result<Verdicts, Error> {
        match self {
            Driver::Local(local) => Ok(local.reserve(number, now, wants)),
            Driver::Redis(redis) => redis.reserve(number, now, wants).await,
        }
    }

    pub async fn receive(&self, number: &Number, now: i64, count: u32) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.receive(number, now, count),
            Driver::Redis(redis) => redis.receive(number, now, count).await?,
        }
        Ok(())
    }

    pub async fn hear(&self, number: &Number, now: i64, news: News) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.hear(number, now, news),
            Driver::Redis(redis) => redis.hear(number, now, news).await?,
        }
        Ok(())
    }

    pub async fn requeue(&self, number: &Number, now: i64) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.requeue(number, now),
            Driver::Redis(redis) => redis.requeue(number, now).await?,
        }
        Ok(())
    }

    pub async fn applied(&self, number: &Number, change: i64) -> Result<(), Error> {
        match self {
            Driver::Local(local) => local.applied(number, change),
            Driver::Redis(redis) => redis.applied(number, change).await?,
        }
        Ok(())
    }

    pub async fn book(&self, number: &Number) -> Result<Book, Error> {
        match self {
            Driver::Local(local) => Ok(local.book(number)),
            Driver::Redis(redis) => redis.book(number).await,
        }
    }
}
