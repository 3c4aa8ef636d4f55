//! Messages, in and out, and what became of them.

mod find;

pub use find::{Filter, Message, StatusReport, find, in_conversation, list, statuses};
