//! Who may send when. Every message asks before it is sent ([`RateLimiter::reserve`], in batches) and is told either the time of its slot,
//! at most half a second ahead, or when to come again. Redis remembers for all workers, or memory for a process that is alone.
//!
//! # One rate
//!
//! A number's rate is kept by GCRA: `tat` is when the rate, used evenly, allows the next message, and the next slot is
//! `max(now, tat − slack)`. Each slot given moves `tat` on by one interval, so in any time t at most t × rate + burst slots lie, however
//! many ask at once and in whatever order their calls arrive. The burst is what the rate gives in 50 ms, at least one. Messages
//! received move `tat` on too, since Meta counts them, but no further than 450 ms ahead.
//!
//! Lanes differ in how far ahead they may take slots: replies 400 ms, transactional 325 ms, campaigns 250 ms. So campaigns that take
//! all there is still leave the next reply a slot within about 250 ms, and replies that take all there is leave the others nothing,
//! but for this: every ninth slot of those above (received messages above replies, replies above transactional, these above
//! campaigns) owes one to those below, up to a tenth of a second's slots, and who is owed may go 500 ms ahead. What is owed to
//! transactional messages is for campaigns too where it is left over.
//!
//! # Promises
//!
//! Who finds no slot joins the queue of his lane: a row of places one interval apart, of which only the end is kept. He is told to come
//! when his place is near (225 to 375 ms before, so that lateness costs nothing), finds a slot, and has asked twice in all however
//! long the queue was. Newcomers go to the end of the queue, unless a slot would pass unused. Places are always spaced by the full
//! rate: when replies, received messages or a lowered rate take slots away, more come than find one, and when these are given back
//! somebody is there. Who was promised and is turned away is given a place among others like him, ten intervals apart, or at the end
//! of the queue, whichever is nearer. So each lane is asked for at most 1.1 times as often as the number could send, whatever
//! happens, and mostly in the order of arrival. A place is no slot: one that nobody comes for costs its own time and nothing else.
//! When a number was idle for two seconds while it had a queue, the queue is one of ghosts and is forgotten.
//!
//! # When things change
//!
//! Terms come with each call. A lower rate holds from the next slot on (up to half a second of slots at the old one may be out). A
//! higher one holds at once too, but those who were promised places at the lower one would come too slowly: the first call with
//! the higher rate forgets the queues and reports a [`RateChange`], upon which their rows are made due and ask anew
//! ([`RateLimiter::changed`]). The same is done on request when many waiting messages are withdrawn ([`RateLimiter::requeue`]).
//!
//! 130429 halves the rate, once for all refusals within two seconds and not below a tenth; each second gives back a hundredth of
//! the full rate. 131057 moves the next slot a minute ahead. Whoever was promised a place in that minute is turned away as above.
//!
//! # Pairs
//!
//! One number to one recipient: GCRA of one in 6 s with a burst of 44 (Meta's 45 less one, for messages do not arrive as evenly as they
//! left), applied to the slot. Who must wait gets a place in the pair's own queue, so order is kept. 131056 bars the pair for 4^n
//! seconds, n growing with each refusal in a row up to six and cleared by a success or an hour, and voids what is left of the burst.
//!
//! # Tenants
//!
//! A tenant's quota is a rate like a number's, over all its numbers, with the same lanes and queues. It is asked after the number; the
//! slot is the number's, so the quota holds over a second rather than from slot to slot. A slot is taken when number, tenant and
//! pair all allow it; who is refused by one of them uses nothing up. The first call with a higher quota forgets the tenant's queue:
//! whoever raises it makes those who wait ask anew.
//!
//! # When Redis forgets or is away
//!
//! `FLUSHALL` forgets queues, pauses and lowered rates; Meta says the latter again. A number that Redis does not know gives its
//! first slot 500 ms from now, when every slot given before has passed, so a flush lets nothing extra through, but for pairs, which
//! get a new burst. While Redis is away nobody may send ([`Error`]). When an answer was long on its way, at most one burst of the
//! slots that passed meanwhile is used. The clocks of the workers should agree to some hundredths of a second: a slot is a time.
//!
//! The crate `governor`, which counts API requests, knows neither slots ahead of now nor lanes, so the local twin is our own: the same
//! arithmetic in whole microseconds, and a test that plays the same history to both and expects the same answers.

mod ask;
mod book;
mod changes;
mod driver;
mod error;
mod gate;
mod handle;
mod local;
mod pair;
mod redis;
mod scripts;
mod terms;
mod view;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use ask::{Answer, Ask, Grant, Limit, RateChange};
pub use error::Error;
pub use handle::RateLimiter;
pub use terms::{Number, Terms};
pub use view::View;

/// Microseconds since 1970, as a time.
fn time(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
