use chrono::{DateTime, Utc};

use super::LimitedNumber;
use mainstay_core::domain::SendLane;

/// A request to send one message now.
#[derive(Clone, Debug)]
pub struct SlotRequest {
    pub number: LimitedNumber,
    /// The recipient, as any text that is always the same for the same person: the pair limit counts by it. Stored as a digest.
    pub recipient: String,
    pub lane: SendLane,
    /// Whether an earlier request was answered with [`Grant::Later`] and this is its retry at that time. False again once its row was made
    /// due by [`RateChange`].
    pub has_reservation: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Send at this time, at most half a second ahead. The slot is exclusive, and lost if it is not used.
    Slot(DateTime<Utc>),
    /// Retry at this time, with `has_reservation`. A place in a queue, not a slot.
    Later { at: DateTime<Utc>, limit: LimitKind },
}

/// The limit that delays a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Messages per second of the number, or the queue for them.
    Throughput,
    /// Maintenance of the number by Meta (131057).
    Paused,
    /// Messages from one number to one recipient.
    Pair,
    /// Messages per second of the tenant.
    Tenant,
}

impl LimitKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            LimitKind::Throughput => "throughput",
            LimitKind::Paused => "paused",
            LimitKind::Pair => "pair",
            LimitKind::Tenant => "tenant",
        }
    }
}

/// Meta's response to a message, as far as it concerns the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaFeedback {
    Accepted,
    /// 130429: too many messages from this number.
    Throughput,
    /// 131056: too many messages to this recipient.
    Pair,
    /// 131057: maintenance of the number, for a minute at most.
    Maintenance,
}

/// The reservations of a number are void, because its rate rose or they were cleared. See
/// [`RateLimiter::next_change`](super::RateLimiter::next_change).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateChange {
    pub number: LimitedNumber,
    /// Reservations made before this are void.
    pub at: DateTime<Utc>,
}
