//! Keywords: messages that are nothing but a word by which a contact opts out, opts in or asks for help.
//!
//! 1. Rules of six languages are built in; a tenant switches them off, changes them, and adds their own.
//! 2. A message of at most 40 characters is folded (case, width, punctuation, emoji) and looked up whole, without the database.
//! 3. What the sender said is recorded in the transaction that stores the message: see `inbound`.

mod builtin;
mod fold;
mod language;
pub(crate) mod manage;
mod matcher;
#[cfg(test)]
mod phrases;
mod record;
mod rule;
mod service;

use builtin::builtin_rules;
use fold::{LONGEST_KEYWORD, may_be_keyword};
pub(crate) use language::likely_language;
use matcher::KeywordMatcher;
pub(crate) use record::{QUIET_TIME, SentKeyword, record};
pub(crate) use rule::KeywordRule;
pub use service::KeywordService;
pub(crate) use service::Keywords;
