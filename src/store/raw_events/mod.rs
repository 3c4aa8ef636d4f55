//! Webhooks as they came: stored by intake, worked on by the queue `inbound`, kept for replay.

mod insert;
mod process;

pub use insert::{NewRawEvent, insert, insert_again, probe};
pub use process::{Processed, RawEvent, body, finish, lock};
