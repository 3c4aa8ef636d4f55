//! Conversations: all messages between one channel and one contact.

mod advance;
mod find;
mod merge;
mod search;
mod windows;

pub(crate) use advance::{CampaignConversation, lock_silent};
pub use advance::{
    ClosedWindow, ConversationKey, ConversationUpdate, LockedConversations, advance, close_windows, find_existing,
    lock_existing, lock_or_open, opened_event, preview,
};
pub(crate) use find::{ContactConversation, of_contacts, open_until, pairs_of, windows_of_contacts};
pub use find::{Conversation, ConversationCursor, ConversationFilter, find, list, of_contact};
pub(crate) use merge::join_merged;
pub use merge::merge;
pub(crate) use search::contacts_by_prefix;
pub use search::{SearchTerm, search};
pub(crate) use windows::{ClosingWindow, lock_closing, mark_notified, open_windows};
