//! Messages, inbound and outbound, one row each.

mod apply;
mod find;
mod lock;
mod merge;
mod pages;
mod recipients;

pub use apply::{
    Advanced, ChangeKind, MessageChange, MessageKey, NewMessageRow, ReportedStatus, advance_status, change, changes_of,
    fill_placeholders, insert,
};
pub use find::{Message, MessageFilter, StatusReport, find, in_conversation, list, statuses, wamids};
pub use lock::lock;
pub use merge::merge;
pub use recipients::{FoundRecipient, MessageOwner, MessageRef, NamedRecipient, Names, find_recipients, owners};
