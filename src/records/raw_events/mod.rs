//! Raw events: webhooks as received, stored by intake, processed by the queue `inbound`, kept for replay.

mod find;
mod insert;
mod process;
mod replay;

pub use find::{RawEventFilter, StoredEvent, find, list, oldest_due, state_by_digest};
pub use insert::{NewRawEvent, insert, insert_again, probe};
pub(crate) use process::{PendingEvents, ProcessedEvent, RawEvent};
pub use process::{body, finish, lock, pending};
pub use replay::make_due;
pub(crate) use replay::{ReplayFilter, make_due_between, select_ids};
