//! Messages, inbound and outbound, one row each.

mod apply;
mod find;
mod lock;
mod merge;
mod pages;
mod recipients;

pub use lock::lock;
pub use merge::merge;
pub(crate) use {
    apply::ChangeKind, apply::MessageChange, apply::MessageKey, apply::NewMessageRow, apply::ReportedStatus,
    apply::advance_status, apply::changes_of, apply::fill_placeholders,
};
pub use {apply::change, apply::insert};
pub use {find::Message, find::find, find::in_conversation, find::list, find::statuses, find::wamids};
pub use {find::MessageFilter, find::StatusReport};
pub use {
    recipients::FoundRecipient, recipients::MessageOwner, recipients::MessageRef, recipients::NamedRecipient,
    recipients::find_recipients,
};
pub use {recipients::Names, recipients::owners};
