//! Dead letters: rows that are dead. They are revived on a ladder of waiting times, and archived after the last rung.
//!
//! `revivals` counts how often a row was revived. [`REFUSED`] is added when its handler refuses it for good, or it killed its process again
//! and again: it is beyond every ladder, and archived next. An archived row stays dead until its retention.

mod list;
mod revive;
mod stats;

pub use list::{DeadLetter, DeadLetterFilter, dead_letters, with_error};
pub use revive::{archivable, archive, revive};
pub use stats::{DeadLetterError, DeadLetterStats, dead_letter_stats};

use chrono::{DateTime, TimeDelta, Utc};

/// Most revivals that a ladder may have.
pub const MAX_REVIVALS: usize = 6;
/// Rows of a queue that are revived or archived at once.
pub const PER_RUN: i64 = 2_000;
/// Added to `revivals` of a row that was refused for good; more than any ladder has rungs.
pub(crate) const REFUSED: i64 = 100;

/// How long a row stays dead before each of its revivals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder(Vec<TimeDelta>);

impl Ladder {
    /// Creates a ladder of these rungs, at most [`MAX_REVIVALS`].
    pub fn new(mut rungs: Vec<TimeDelta>) -> Self {
        rungs.truncate(MAX_REVIVALS);
        Self(rungs)
    }

    /// Returns the number of revivals after which a row is archived.
    pub fn revivals(&self) -> i64 {
        self.0.len() as i64
    }

    /// Returns when a row that died at `died` after so many revivals is revived; `None` if it is archived instead.
    pub fn next(&self, revivals: i64, died: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let rung = self.0.get(usize::try_from(revivals).ok()?)?;
        Some(died + *rung)
    }
}
