use chrono::{DateTime, Utc};

use super::{Number, book::Book, time};
use crate::domain::SendLane;

/// How a number stands, for people to see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Messages per second at present: what Meta lets it, less what 130429 took.
    pub per_second: f64,
    /// The part of its rate that is in use: 1, or less for a while after 130429.
    pub factor: f64,
    /// Meta works on it (131057).
    pub paused_until: Option<DateTime<Utc>>,
    /// By lane: when a message asked for now would leave.
    pub next_slot: [DateTime<Utc>; 3],
}

impl View {
    pub(super) fn of(book: &Book, number: &Number, now: i64) -> Self {
        let pace = number.terms.pace();
        let factor = book.factor(now);
        Self {
            per_second: 1e6 / pace.slowed(factor) as f64,
            factor: factor as f64 / 1e3,
            paused_until: (book.paused > now).then(|| time(book.paused)),
            next_slot: SendLane::ALL.map(|lane| time(book.gate.outlook(now, pace, lane))),
        }
    }
}
