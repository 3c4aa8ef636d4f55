//! What one channel and one contact say to each other.

mod find;
mod search;

pub use find::{Conversation, Filter, Key, find, list};
pub use search::{Needle, search};
