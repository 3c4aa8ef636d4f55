//! Conversations: all messages between one channel and one contact.

mod advance;
mod find;
mod merge;
mod search;
mod windows;

pub(crate) use merge::join_merged;
pub use merge::merge;
pub use search::SearchTerm;
pub use search::search;
pub use {
    advance::ClosedWindow, advance::ConversationKey, advance::ConversationUpdate, advance::close_windows,
    advance::find_existing, advance::lock_existing, advance::lock_or_open, advance::opened_event,
};
pub use {advance::advance, advance::preview};
pub use {find::Conversation, find::find, find::list};
pub use {find::ConversationCursor, find::ConversationFilter};
pub(crate) use {windows::ClosingWindow, windows::lock_closing, windows::mark_notified};
