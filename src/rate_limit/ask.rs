use chrono::{DateTime, Utc};

use super::Number;
use crate::domain::SendLane;

/// Somebody who wants to send one message now.
#[derive(Clone, Debug)]
pub struct Ask {
    pub number: Number,
    /// Who receives it, by any text that is always the same for the same person: the pair limit counts by it. It is kept as a digest.
    pub recipient: String,
    pub lane: SendLane,
    /// Was answered [`Grant::Later`] before and comes at that time. False again once its row was made due by [`RateChange`].
    pub promised: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Send it at this time, at most half a second ahead: the slot is yours alone, and lost if you do not use it.
    Slot(DateTime<Utc>),
    /// Come again at this time, and say that it was promised. A place in a queue, not a slot.
    Later { at: DateTime<Utc>, because: Limit },
}

/// What makes an ask wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The number's messages per second, or others that wait for them.
    Throughput,
    /// Meta works on the number (131057).
    Paused,
    /// The messages from one number to one recipient.
    Pair,
    /// The tenant's messages per second.
    Tenant,
}

impl Limit {
    pub const fn as_str(self) -> &'static str {
        match self {
            Limit::Throughput => "throughput",
            Limit::Paused => "paused",
            Limit::Pair => "pair",
            Limit::Tenant => "tenant",
        }
    }
}

/// What Meta said to a message, as far as it concerns when the next may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// 130429: too many from this number.
    Throughput,
    /// 131056: too many to this recipient.
    Pair,
    /// 131057: the number is being worked on, for a minute at most.
    Maintenance,
}

/// What was promised to this number's messages holds no longer: it became faster, or the queue was opened anew. See
/// [`RateLimiter::changed`](super::RateLimiter::changed).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateChange {
    pub number: Number,
    /// Promises made before this are worthless.
    pub at: DateTime<Utc>,
}
