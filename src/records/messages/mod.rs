//! Messages, inbound and outbound, one row each.

mod apply;
mod find;
mod labels;
mod list;
mod lock;
mod merge;
mod pages;
mod recipients;

pub(crate) use apply::{
    ChangeKind, MessageChange, MessageKey, NewMessageRow, ReportedStatus, advance_status, changes_of, fill_placeholders,
};
pub use apply::{change, insert};
pub use find::{Message, StatusReport, find, in_conversation, statuses, wamids};
pub use labels::{Labels, count_batch};
pub use list::{MessageFilter, list, list_of_conversations};
pub use lock::lock;
pub use merge::merge;
pub(crate) use recipients::outcomes;
pub use recipients::{FoundRecipient, MessageOwner, MessageRef, NamedRecipient, Names, find_recipients, owners};
