//! Conversations: all messages between one channel and one contact.

mod advance;
mod find;
mod search;
mod windows;

pub use advance::{
    Advance, ClosedWindow, Pair, advance, close_windows, find_existing, lock_existing, lock_or_open, opened_event,
    preview,
};
pub use find::{Conversation, ConversationCursor, ConversationFilter, find, list};
pub use search::{Needle, search};
pub use windows::{ClosingWindow, closing, mark_notified};
