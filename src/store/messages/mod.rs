//! Messages in both directions: one row each.

mod apply;
mod find;
mod lock;
mod recipients;

pub use apply::{
    Advanced, Change, ChangeKind, Key, NewMessage, Reported, advance_status, change, changes_of, fill_placeholders,
    insert,
};
pub use find::{Filter, Message, StatusReport, find, in_conversation, list, statuses};
pub use lock::{lock, lock_told};
pub use recipients::{Named, Names, Unknown, Which, Whose, unknown_recipients, whose};
