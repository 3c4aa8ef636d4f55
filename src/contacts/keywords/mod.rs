//! Keywords: messages that are nothing but a word by which a contact opts out, opts in or asks for help.

mod builtin;
mod fold;
mod matcher;
mod rule;
#[cfg(test)]
mod phrases;

pub(crate) use builtin::builtin_rules;
pub(crate) use fold::{LONGEST_KEYWORD, may_be_keyword};
pub(crate) use matcher::KeywordMatcher;
pub(crate) use rule::KeywordRule;
