use std::{fmt::Display, time::Duration};

use chrono::{DateTime, Utc};

use super::Lane;
use crate::db;

/// The longest error kept with a row, in characters.
const ERROR_LENGTH: usize = 1_000;

/// How the work for one row ended. The frame writes it, unless it is `Settled` or `PutOff`.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The handler wrote the end of the row itself, in its own transaction (with [`counts::add`](super::counts::add)), or there
    /// was nothing to do.
    Settled,
    Done,
    /// It failed. Tried again after the job's backoff, dead after its last attempt.
    Retry {
        error: String,
    },
    /// It failed, and the other side said when to come back. Counts as an attempt.
    RetryAfter {
        after: Duration,
        error: String,
    },
    /// Not its time yet. Counts as nothing.
    Snooze {
        until: DateTime<Utc>,
    },
    /// Not its time yet, and the handler wrote so itself, in its own transaction: the row is pending, with this due time and lane, and
    /// its attempt is not counted.
    PutOff {
        until: DateTime<Utc>,
        lane: Lane,
    },
    /// The handler did not begin with it, to give others their turn: offered again after that time, behind what is due by then. Counts as
    /// nothing, and nothing is written of a row that is not leased.
    GiveBack {
        after: Duration,
    },
    /// It failed and always would: dead at once.
    Discard {
        error: String,
    },
    /// Put aside until something outside changes.
    Quarantine {
        reason: String,
    },
}

impl Outcome {
    pub fn retry(error: impl Display) -> Self {
        Outcome::Retry { error: text(error) }
    }

    pub fn retry_after(after: Duration, error: impl Display) -> Self {
        Outcome::RetryAfter {
            after,
            error: text(error),
        }
    }

    pub fn discard(error: impl Display) -> Self {
        Outcome::Discard { error: text(error) }
    }

    pub fn quarantine(reason: impl Display) -> Self {
        Outcome::Quarantine { reason: text(reason) }
    }

    /// For the metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Outcome::Settled => "settled",
            Outcome::Done => "done",
            Outcome::Retry { .. } => "retry",
            Outcome::RetryAfter { .. } => "retry_after",
            Outcome::Snooze { .. } | Outcome::PutOff { .. } => "snooze",
            Outcome::GiveBack { .. } => "released",
            Outcome::Discard { .. } => "discard",
            Outcome::Quarantine { .. } => "quarantine",
        }
    }
}

/// How a batch ended: some ids by name, and the rest.
#[derive(Clone, Debug)]
pub struct Outcomes<I> {
    pub(super) each: Vec<(I, Outcome)>,
    pub(super) rest: Rest,
}

/// What became of the ids that are not named.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rest {
    All(Outcome),
    /// Failed together: run again one at a time.
    Failed(String),
    /// What the job stands on is away: nothing is counted, and the queue rests for a moment.
    Unavailable(String),
}

impl<I> Outcomes<I> {
    /// The handler wrote the end of every row that [`with`](Self::with) does not name.
    pub fn settled() -> Self {
        Self::all(Outcome::Settled)
    }

    pub fn done() -> Self {
        Self::all(Outcome::Done)
    }

    /// The same for every row that [`with`](Self::with) does not name.
    pub fn all(outcome: Outcome) -> Self {
        Self::of(Rest::All(outcome))
    }

    /// The batch failed as a whole. Several ids are run again one at a time; one alone is retried after its backoff.
    pub fn failed(error: impl Display) -> Self {
        Self::of(Rest::Failed(text(error)))
    }

    /// What the job stands on (the database, usually) is away. No attempt is counted.
    pub fn unavailable(error: impl Display) -> Self {
        Self::of(Rest::Unavailable(text(error)))
    }

    pub fn with(mut self, id: I, outcome: Outcome) -> Self {
        self.set(id, outcome);
        self
    }

    pub fn set(&mut self, id: I, outcome: Outcome) {
        self.each.push((id, outcome));
    }

    fn of(rest: Rest) -> Self {
        Self { each: Vec::new(), rest }
    }
}

/// A database that is away costs nobody an attempt; any other failure is the batch's.
impl<I> From<sqlx::Error> for Outcomes<I> {
    fn from(error: sqlx::Error) -> Self {
        if db::is_unavailable(&error) {
            Self::unavailable(error)
        } else {
            Self::failed(error)
        }
    }
}

/// For a handler whose body is a function that ends early with `?`.
impl<I> From<db::Result<Outcomes<I>>> for Outcomes<I> {
    fn from(result: db::Result<Outcomes<I>>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

pub(super) fn text(error: impl Display) -> String {
    let mut text = error.to_string();
    if let Some((end, _)) = text.char_indices().nth(ERROR_LENGTH) {
        text.truncate(end);
    }
    // PostgreSQL takes no NUL in a text.
    text.replace('\0', "\u{fffd}")
}
