//! Outcomes of job runs.

use std::{fmt::Display, time::Duration};

use chrono::{DateTime, Utc};

use super::Lane;
use mainstay_db as db;

/// Maximum length in characters of a stored error.
const ERROR_LENGTH: usize = 1_000;

/// The outcome of a run for one row. The runtime writes it, except for `Settled` and `Rescheduled`.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The handler wrote the row's final state in its own transaction (with [`counts::add`](super::counts::add)), or there was nothing to
    /// do.
    Settled,
    Done,
    /// Failed. Retried after the job's backoff, dead after the last attempt.
    Retry {
        error: String,
    },
    /// Failed, and the remote side said when to retry. Counts as an attempt.
    RetryAfter {
        after: Duration,
        error: String,
    },
    /// Not due yet. Does not count as an attempt.
    Snooze {
        until: DateTime<Utc>,
    },
    /// Not due yet, already written by the handler in its own transaction: the row is pending with this due time and lane, and its attempt
    /// is not counted.
    Rescheduled {
        until: DateTime<Utc>,
        lane: Lane,
    },
    /// Not started, to give other jobs their turn. Queued again after this time, behind what is due by then. Does not count as an attempt;
    /// a row that is not leased is not written.
    Release {
        after: Duration,
    },
    /// Failed permanently. The row is dead at once.
    Discard {
        error: String,
    },
    /// Set aside until an external condition changes.
    Quarantine {
        reason: String,
    },
}

impl Outcome {
    pub fn retry(error: impl Display) -> Self {
        Outcome::Retry {
            error: error_text(error),
        }
    }

    pub fn retry_after(after: Duration, error: impl Display) -> Self {
        Outcome::RetryAfter {
            after,
            error: error_text(error),
        }
    }

    pub fn discard(error: impl Display) -> Self {
        Outcome::Discard {
            error: error_text(error),
        }
    }

    pub fn quarantine(reason: impl Display) -> Self {
        Outcome::Quarantine {
            reason: error_text(reason),
        }
    }

    /// Returns the `outcome` label of the metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Outcome::Settled => "settled",
            Outcome::Done => "done",
            Outcome::Retry { .. } => "retry",
            Outcome::RetryAfter { .. } => "retry_after",
            Outcome::Snooze { .. } | Outcome::Rescheduled { .. } => "snooze",
            Outcome::Release { .. } => "released",
            Outcome::Discard { .. } => "discard",
            Outcome::Quarantine { .. } => "quarantine",
        }
    }
}

/// The outcomes of a batch: some per id, one for the remainder.
#[derive(Clone, Debug)]
pub struct Outcomes<I> {
    pub(super) each: Vec<(I, Outcome)>,
    pub(super) rest: Remainder,
}

/// The outcome of all ids without one of their own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Remainder {
    All(Outcome),
    /// Failed as a batch: run again one at a time.
    Failed(String),
    /// A dependency of the job is unavailable: no attempt is counted, and the queue pauses for a moment.
    Unavailable(String),
}

impl<I> Outcomes<I> {
    /// The handler wrote the final state of every row without an outcome of its own.
    pub fn settled() -> Self {
        Self::all(Outcome::Settled)
    }

    pub fn done() -> Self {
        Self::all(Outcome::Done)
    }

    /// Sets one outcome for all rows that [`with`](Self::with) does not name.
    pub fn all(outcome: Outcome) -> Self {
        Self::of(Remainder::All(outcome))
    }

    /// The batch failed as a whole. Several ids are run again one at a time; a single one is retried after its backoff.
    pub fn failed(error: impl Display) -> Self {
        Self::of(Remainder::Failed(error_text(error)))
    }

    /// A dependency of the job (usually the database) is unavailable. No attempt is counted.
    pub fn unavailable(error: impl Display) -> Self {
        Self::of(Remainder::Unavailable(error_text(error)))
    }

    pub fn with(mut self, id: I, outcome: Outcome) -> Self {
        self.set(id, outcome);
        self
    }

    pub fn set(&mut self, id: I, outcome: Outcome) {
        self.each.push((id, outcome));
    }

    fn of(rest: Remainder) -> Self {
        Self { each: Vec::new(), rest }
    }
}

/// Maps an unavailable database to [`Outcomes::unavailable`] and any other error to [`Outcomes::failed`].
impl<I> From<sqlx::Error> for Outcomes<I> {
    fn from(error: sqlx::Error) -> Self {
        if db::is_unavailable(&error) {
            Self::unavailable(error)
        } else {
            Self::failed(error)
        }
    }
}

/// Lets a handler's body be a function that uses `?`.
impl<I> From<db::Result<Outcomes<I>>> for Outcomes<I> {
    fn from(result: db::Result<Outcomes<I>>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

pub(super) fn error_text(error: impl Display) -> String {
    let mut text = error.to_string();
    if let Some((end, _)) = text.char_indices().nth(ERROR_LENGTH) {
        text.truncate(end);
    }
    // PostgreSQL rejects NUL in text.
    text.replace('\0', "\u{fffd}")
}
