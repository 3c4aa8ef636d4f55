//! What an error of Meta's means for the message it came for; the same whether it came as the answer or as a `failed` status.

use chrono::{DateTime, TimeDelta, Utc};

use crate::meta::graph::errors::{self, Retry};

/// The longest a message is tried again for, where the caller set no end.
pub const MAX_RETRY_AGE: TimeDelta = TimeDelta::days(14);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// It never will be sent.
    Fail,
    /// Once more, from then on.
    Retry(DateTime<Utc>),
    /// Kept until the channel may send.
    Trip,
}

/// `tries` is how many attempts were made, this one included.
pub fn decide_retry(
    code: i64,
    tries: i64,
    created_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> RetryDecision {
    let entry = errors::entry(code);
    if entry.has_effect(errors::Effect::TripChannel) {
        return RetryDecision::Trip;
    }
    // What is ambiguous as an answer is certain as a status: Meta took it and gave it up.
    let retry = match entry.retry {
        Retry::Reconcile => Retry::Never,
        retry => retry,
    };
    let chance = f64::from(rand::random::<u16>()) / f64::from(u16::MAX);
    let Some(delay) = retry.delay(u32::try_from(tries).unwrap_or(u32::MAX), chance) else {
        return RetryDecision::Fail;
    };
    let at = now + delay;
    match ends_at {
        // At its end it expires.
        Some(end) => RetryDecision::Retry(at.min(end)),
        None if at < created_at + MAX_RETRY_AGE => RetryDecision::Retry(at),
        None => RetryDecision::Fail,
    }
}
