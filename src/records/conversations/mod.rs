//! What one channel and one contact say to each other.

mod advance;
mod find;
mod search;
mod windows;

pub use advance::{Advance, Closed, Pair, advance, close_windows, known, lock_existing, lock_or_open, opened, preview};
pub use find::{Conversation, ConversationFilter, Key, find, list};
pub use search::{Needle, search};
pub use windows::{Closing, closing, mark_told};
