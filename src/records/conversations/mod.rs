//! Conversations: all messages between one channel and one contact.

mod advance;
mod find;
mod merge;
mod search;
mod windows;

pub use advance::{
    ClosedWindow, ConversationKey, ConversationUpdate, advance, close_windows, find_existing, lock_existing,
    lock_or_open, opened_event, preview,
};
pub use find::{Conversation, ConversationCursor, ConversationFilter, find, list};
pub use merge::{join_merged, merge};
pub use search::{SearchTerm, search};
pub use windows::{ClosingWindow, lock_closing, mark_notified};
