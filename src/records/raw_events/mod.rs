//! Raw events: webhooks as received, stored by intake, processed by the queue `inbound`, kept for replay.

mod find;
mod insert;
mod process;
mod replay;

pub use find::{RawEventFilter, StoredEvent, find, list, oldest_due, state_by_digest};
pub use insert::{NewRawEvent, insert, insert_again, probe};
pub use process::{PendingEvents, ProcessedEvent, RawEvent, body, finish, lock, pending};
pub use replay::{ReplayFilter, make_due, make_due_between, select_ids};
