//! SQL of templates at Meta and of message templates of our own.

pub mod message_templates;
pub mod templates;
