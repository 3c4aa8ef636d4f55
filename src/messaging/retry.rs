//! Decides what an error of Meta's means for its message, whether it came as an answer or as a `failed` status.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::OnMarketingCap,
    messaging::store::sends::DueSend,
    provider::errors::{self, Class, Retry},
};

/// How long a message is retried, counted from when it was to be sent, if the caller set no expiry.
pub(crate) const MAX_RETRY_AGE: TimeDelta = TimeDelta::days(14);

/// A decision about a message after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Fail the message.
    Fail,
    /// Retry at this time.
    Retry(DateTime<Utc>),
    /// Hold the message for the channel's circuit breaker.
    Trip,
}

/// Decides whether a message is retried. `tries` is the number of attempts, including the failed one.
pub(crate) fn decide_retry(code: i64, tries: i64, due: &DueSend, now: DateTime<Utc>) -> RetryDecision {
    let entry = errors::entry(code);
    let capped = due.on_marketing_cap.filter(|_| entry.class == Class::MarketingCap);
    if capped == Some(OnMarketingCap::Fail) {
        return RetryDecision::Fail;
    }
    if entry.has_effect(errors::Effect::TripChannel) {
        return RetryDecision::Trip;
    }
    // An error that is ambiguous as an answer is certain as a status: Meta accepted the message and gave it up.
    let retry = match entry.retry {
        Retry::Reconcile => Retry::Never,
        retry => retry,
    };
    let jitter = f64::from(rand::random::<u16>()) / f64::from(u16::MAX);
    let Some(delay) = retry.delay(u32::try_from(tries).unwrap_or(u32::MAX), jitter) else {
        return RetryDecision::Fail;
    };
    let at = now + delay;
    match due.expires_at {
        // Withheld once more, it would only expire.
        Some(end) if capped.is_some() && at >= end => RetryDecision::Fail,
        // Due at its expiry at the latest, when it expires.
        Some(end) => RetryDecision::Retry(at.min(end)),
        None if at < due.starts_at + MAX_RETRY_AGE => RetryDecision::Retry(at),
        None => RetryDecision::Fail,
    }
}
