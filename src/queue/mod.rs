//! Queues. A queue is a table: a row that wants work carries its state, its attempts and when it is due, and that is the truth.
//! A *driver* (Redis, or memory of this process) carries ids and wake-ups only, so it may forget everything at any moment: the
//! *sweep* offers it again whatever is due. Around the handlers stands the *frame*, built on apalis: it takes ids, calls
//! [`Job::run`], writes how each row ended, and tells the driver.
//!
//! The columns of such a table: `id UUID, state TEXT, attempts BIGINT, due_at TIMESTAMPTZ NOT NULL, last_error TEXT,
//! finished_at TIMESTAMPTZ`, with an index on `(due_at, id) WHERE state IN ('pending', 'running')`. A row whose state is `pending`
//! and whose due time lies ahead is scheduled; one that is `running` is leased until its due time.

pub mod admin;
pub mod counts;

mod backoff;
mod definition;
mod driver;
mod error;
mod frame;
mod handle;
mod job;
mod link;
mod outage;
mod outcome;
mod rows;

#[cfg(test)]
pub(crate) mod tests;

pub use backoff::Backoff;
pub use definition::{Lane, Queue};
pub use driver::{Depth, Pushed};
pub use error::Error;
pub use frame::{Workers, WorkersError};
pub use handle::{Entry, Queues};
pub use job::{Claim, Job};
pub(crate) use link::Link;
pub use outcome::{Outcome, Outcomes};
pub use rows::{Lease, claim, forget_markers};
