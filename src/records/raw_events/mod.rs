//! Raw events: webhooks as received, stored by intake, processed by the queue `inbound`, kept for replay.

mod find;
mod insert;
mod process;
mod replay;

pub use replay::make_due;
pub use {find::RawEventFilter, find::StoredEvent, find::oldest_due, find::state_by_digest};
pub use {find::find, find::list};
pub use {insert::NewRawEvent, insert::insert_again};
pub use {insert::insert, insert::probe};
pub(crate) use {process::PendingEvents, process::ProcessedEvent, process::RawEvent};
pub use {process::body, process::finish, process::lock, process::pending};
pub(crate) use {replay::ReplayFilter, replay::make_due_between, replay::select_ids};
