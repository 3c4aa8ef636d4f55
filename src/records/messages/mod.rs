//! Messages, inbound and outbound, one row each.

mod apply;
mod find;
mod lock;
mod merge;
mod pages;
mod recipients;

pub(crate) use apply::{
    ChangeKind, MessageChange, MessageKey, NewMessageRow, ReportedStatus, advance_status, changes_of, fill_placeholders,
};
pub use apply::{change, insert};
pub use find::{Message, MessageFilter, StatusReport, find, in_conversation, list, statuses, wamids};
pub use lock::lock;
pub use merge::merge;
pub use recipients::{FoundRecipient, MessageOwner, MessageRef, NamedRecipient, Names, find_recipients, owners};
