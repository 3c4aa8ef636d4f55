//! What a keyword does, and which words do it.

use crate::domain::{ConsentPurpose, KeywordAction, KeywordRuleId};

/// Words by which contacts opt out, opt in or ask for help in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeywordRule {
    pub id: KeywordRuleId,
    pub action: KeywordAction,
    pub purpose: ConsentPurpose,
    /// ISO 639-1: `en`.
    pub language: String,
    pub words: Vec<String>,
    /// What may stand behind a word: `please`.
    pub polite_tails: Vec<String>,
    /// What answers it; nothing does without.
    pub reply: Option<String>,
    pub enabled: bool,
}
