//! The storage of the limiter: memory or Redis. Both make the same decisions and pass the same tests (`tests/`). Times are microseconds
//! since 1970, by the clock of the caller.

use super::{Error, LimitKind, LimitedNumber, memory::MemoryLimiter, number_state::NumberState, redis::RedisLimiter};
use mainstay_core::domain::SendLane;

/// Maximum number of requests per script call.
pub(super) const CHUNK: usize = 500;

/// The digest that identifies a pair's recipient.
pub(super) type RecipientDigest = [u8; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DriverRequest {
    pub recipient: RecipientDigest,
    pub lane: SendLane,
    pub has_reservation: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotDecision {
    /// `trial`: the pair was refused lately, so the outcome of this message must be reported.
    Slot {
        at: i64,
        trial: bool,
    },
    Later {
        at: i64,
        limit: LimitKind,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotDecisions {
    pub each: Vec<SlotDecision>,
    /// Reservations made before this time are void; the caller must act on it.
    pub change: Option<i64>,
}

/// Feedback of Meta that changes the state, and what it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimiterFeedback {
    Accepted(RecipientDigest),
    Refused(RecipientDigest),
    Throttled,
    Maintenance,
}

pub(super) enum LimiterDriver {
    Memory(Box<MemoryLimiter>),
    Redis(Box<RedisLimiter>),
}

impl LimiterDriver {
    pub fn in_memory() -> Self {
        LimiterDriver::Memory(Box::default())
    }

    pub fn redis(url: &str, prefix: &str) -> Result<Self, Error> {
        Ok(LimiterDriver::Redis(Box::new(RedisLimiter::new(url, prefix)?)))
    }

    /// Decides on at most [`CHUNK`] requests, in the order given.
    pub async fn reserve(
        &self,
        number: &LimitedNumber,
        now: i64,
        requests: &[DriverRequest],
    ) -> Result<SlotDecisions, Error> {
        match self {
            LimiterDriver::Memory(memory) => Ok(memory.reserve(number, now, requests)),
            LimiterDriver::Redis(redis) => redis.reserve(number, now, requests).await,
        }
    }

    pub async fn receive(&self, number: &LimitedNumber, now: i64, count: u32) -> Result<(), Error> {
        match self {
            LimiterDriver::Memory(memory) => memory.receive(number, now, count),
            LimiterDriver::Redis(redis) => redis.receive(number, now, count).await?,
        }
        Ok(())
    }

    pub async fn record_feedback(
        &self,
        number: &LimitedNumber,
        now: i64,
        feedback: LimiterFeedback,
    ) -> Result<(), Error> {
        match self {
            LimiterDriver::Memory(memory) => memory.record_feedback(number, now, feedback),
            LimiterDriver::Redis(redis) => redis.record_feedback(number, now, feedback).await?,
        }
        Ok(())
    }

    pub async fn clear_reservations(&self, number: &LimitedNumber, now: i64) -> Result<(), Error> {
        match self {
            LimiterDriver::Memory(memory) => memory.clear_reservations(number, now),
            LimiterDriver::Redis(redis) => redis.clear_reservations(number, now).await?,
        }
        Ok(())
    }

    pub async fn mark_applied(&self, number: &LimitedNumber, change: i64) -> Result<(), Error> {
        match self {
            LimiterDriver::Memory(memory) => memory.mark_applied(number, change),
            LimiterDriver::Redis(redis) => redis.mark_applied(number, change).await?,
        }
        Ok(())
    }

    pub async fn number_state(&self, number: &LimitedNumber) -> Result<NumberState, Error> {
        match self {
            LimiterDriver::Memory(memory) => Ok(memory.number_state(number)),
            LimiterDriver::Redis(redis) => redis.number_state(number).await,
        }
    }
}
