//! Job queues on database tables.
//!
//! - A *queue* is a table. The state, attempts and due time in its rows are the only source of truth.
//! - A *driver* (Redis, or memory of this process) carries ids and wake-ups. It may lose everything at any time: the *sweep* pushes due
//!   rows again.
//! - The *runtime*, built on apalis, fetches ids, calls [`Job::run`], writes the outcome of each row and settles the ids with the driver.
//!
//! Required columns: `id UUID, state TEXT, attempts BIGINT, due_at TIMESTAMPTZ NOT NULL, last_error TEXT, finished_at TIMESTAMPTZ, revivals
//! BIGINT NOT NULL DEFAULT 0, archived_at TIMESTAMPTZ`, with an index on `(due_at, id) WHERE state IN ('pending', 'running')`. A `pending` row with a due time in the future is scheduled; a `running`
//! row is leased until its due time. A [recurring] queue also has `tenant_id UUID NOT NULL, requested_at TIMESTAMPTZ`.

pub mod admin;
pub mod counts;
pub mod dead_letters;
pub mod recurring;

mod backoff;
mod definition;
mod driver;
mod error;
mod handle;
mod job;
mod outage;
mod outcome;
mod redis_connection;
mod rows;
mod runtime;

#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use definition::{Lane, Queue, Recurring};
pub use driver::{Depth, Pushed};
pub use error::Error;
pub use handle::{JobEntry, Queues};
pub use job::{Claim, Job};
pub use outcome::{Outcome, Outcomes};
pub use redis_connection::RedisConnection;
pub use rows::{Lease, claim, delete_stale_markers};
pub use runtime::{Workers, WorkersError, worker_id};
