//! Rate limits of sending. Every message requests a slot before it is sent ([`RateLimiter::reserve`], in batches). The answer is a slot, at
//! most 500 ms ahead, or the time of a retry. The state is in Redis, shared by all workers, or in memory for a single process.
//!
//! # The rate of a number
//!
//! GCRA: `tat` is when the rate, used evenly, allows the next message. The next slot is `max(now, tat − slack)`, and each slot granted
//! moves `tat` on by one interval. So any time t holds at most t × rate + burst slots, regardless of concurrency and of the order of calls.
//! The burst is what the rate allows in 50 ms, at least one message. Received messages move `tat` on too, since Meta counts them, but at
//! most 450 ms ahead.
//!
//! Lanes differ in how far ahead they take slots:
//!
//! | lane | depth |
//! |---|---|
//! | reply | 400 ms |
//! | transactional | 325 ms |
//! | campaign | 250 ms |
//! | any, with owed slots | 500 ms |
//!
//! - Campaigns at full rate leave the next reply a slot within about 250 ms.
//! - No lane starves: for every nine slots of the lane above, a lane is owed one, up to a tenth of a second's slots. (Above replies:
//!   received messages. Above transactional: replies. Above campaigns: transactional.) Slots owed to transactional messages and not used by
//!   them are for campaigns.
//!
//! # Reservations
//!
//! 1. A request without a free slot gets a reservation: the next place in the queue of its lane. Places are one interval apart; only the
//!    end of the queue is stored.
//! 2. It retries 225 to 375 ms before its place, depending on the lane (so that lateness costs nothing), and finds a slot. Expected: two
//!    requests per message, at any queue length.
//! 3. A request without a reservation goes to the end of the queue, unless a slot would pass unused.
//! 4. Places are spaced at the full rate. When replies, received messages or a reduced rate take slots away, some requests with a
//!    reservation find none. They get a place among others of their kind, ten intervals apart, or at the end of the queue, whichever is
//!    earlier. So a lane is requested at most 1.1 times as often as the number could send, and mostly in the order of arrival.
//! 5. A place is not a slot: an unused one costs its own time and nothing else. A queue of a number that was idle for two seconds is
//!    abandoned and cleared.
//!
//! # Rate changes
//!
//! Limits are part of each request. A lower rate applies from the next slot (up to half a second of slots at the old one may be granted). A
//! higher rate applies at once too, but reservations made at the lower one would come too late: the first request with the higher rate
//! clears the queues and reports a [`RateChange`], upon which the waiting rows are made due and request anew
//! ([`RateLimiter::next_change`]). [`RateLimiter::clear_reservations`] does the same on request, for when many waiting messages are
//! withdrawn.
//!
//! | Graph error | effect |
//! |---|---|
//! | 130429 (throughput) | halves the rate (not below a tenth), once for refusals within 2 s; 1 % of the full rate comes back per second |
//! | 131057 (maintenance) | no slot for one minute; reservations in that minute find none, as above |
//! | 131056 (pair) | blocks the pair, see below |
//!
//! # Pairs
//!
//! Messages from one number to one recipient: GCRA of one in 6 s with a burst of 44 (Meta's 45 less one, because messages do not arrive as
//! evenly as they are sent), applied to the slot. A request that must wait gets a place in the pair's own queue, so order is kept. Error
//! 131056 blocks the pair for 4^n seconds, where n grows with each refusal in a row up to six and is cleared by a success or an hour, and
//! voids what is left of the burst.
//!
//! # Tenants
//!
//! A tenant's quota is a rate like a number's, over all its numbers, with the same lanes and queues. It is checked after the number. The
//! slot is the number's, so the quota holds over a second rather than from slot to slot. A slot is taken only if number, tenant and pair
//! all allow it. The first request with a higher quota clears the tenant's queue; whoever raises it makes the waiting rows due.
//!
//! # Failures of Redis
//!
//! - `FLUSHALL` loses queues, pauses and reduced rates; Meta repeats the latter two. A number unknown to Redis grants its first slot 500 ms
//!   from now, when every slot granted before has passed, so a flush lets nothing extra through except a new burst per pair.
//! - While Redis is unavailable nothing may be sent ([`Error`]).
//! - When a reply was delayed, at most one burst of the slots that passed meanwhile is used.
//! - The clocks of the workers should agree to some hundredths of a second: a slot is a time.
//!
//! The crate `governor`, used for API requests, supports neither slots in the future nor lanes. The driver in memory is therefore our own:
//! the same arithmetic in whole microseconds, and a test plays the same history to both drivers and expects the same decisions.

mod driver;
mod error;
mod gcra;
mod handle;
mod limits;
mod memory;
mod number_state;
mod pair;
mod rate_changes;
mod redis;
mod request;
mod scripts;
mod view;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use error::Error;
pub use handle::RateLimiter;
pub use limits::{LimitedNumber, RateLimits};
pub use request::{Grant, LimitKind, MetaFeedback, RateChange, SlotRequest};
pub use view::View;

/// Converts microseconds since 1970.
fn time(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
