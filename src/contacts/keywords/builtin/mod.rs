//! The rules that every tenant has unless they switch them off.

mod ar;
mod en;
mod es;
mod hi;
mod id;
mod pt;

use uuid::Uuid;

use super::KeywordRule;
use crate::domain::{ConsentPurpose, Id, KeywordAction, KeywordRuleId};

/// The words of one language. None may have another everyday meaning as a whole message: `बंद` alone asks whether a shop is closed,
/// `cancelar` is about an order as often as not.
struct Language {
    code: &'static str,
    stop: Words,
    start: Words,
    help: Words,
    polite_tails: &'static [&'static str],
}

struct Words {
    words: &'static [&'static str],
    /// Says what was done, and how it is undone.
    reply: &'static str,
}

/// In the order in which they have a word that several share.
const LANGUAGES: &[Language] = &[
    en::ENGLISH,
    es::SPANISH,
    pt::PORTUGUESE,
    hi::HINDI,
    ar::ARABIC,
    id::INDONESIAN,
];

/// Returns the built-in rules, all enabled. Their ids are the same in every installation, so that a tenant's change of one has its id.
pub(crate) fn builtin_rules() -> impl Iterator<Item = KeywordRule> {
    LANGUAGES.iter().flat_map(|language| {
        let actions = [
            (KeywordAction::Stop, &language.stop),
            (KeywordAction::Start, &language.start),
            (KeywordAction::Help, &language.help),
        ];
        actions.map(|(action, words)| rule(language, action, words))
    })
}

fn rule(language: &Language, action: KeywordAction, words: &Words) -> KeywordRule {
    let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
    KeywordRule {
        id: builtin_id(language.code, action),
        action,
        purpose: ConsentPurpose::Marketing,
        language: language.code.to_owned(),
        words: owned(words.words),
        polite_tails: owned(language.polite_tails),
        reply: Some(words.reply.to_owned()),
        enabled: true,
    }
}

/// The id of a built-in rule: a UUID of version 8 with the letters of the language and the number of the action in its last bytes.
fn builtin_id(language: &str, action: KeywordAction) -> KeywordRuleId {
    let letters = language.bytes().fold(0u128, |sum, byte| sum << 8 | u128::from(byte));
    let number = match action {
        KeywordAction::Stop => 1,
        KeywordAction::Start => 2,
        KeywordAction::Help => 3,
    };
    KeywordRuleId::from_uuid(Uuid::from_u128(
        0x6b65_7977_6f72_8000_8000_0000_0000_0000 | letters << 8 | number,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::contacts::keywords::{fold, may_be_keyword};

    #[test]
    fn a_word_means_one_thing_and_can_be_written_within_the_limit() {
        let mut actions: HashMap<String, KeywordAction> = HashMap::new();
        let mut ids = HashSet::new();
        for rule in builtin_rules() {
            assert!(ids.insert(rule.id), "{}", rule.id);
            for word in &rule.words {
                assert!(may_be_keyword(word), "{word}");
                let action = *actions.entry(fold::fold(word).joined).or_insert(rule.action);
                assert_eq!(action, rule.action, "{word}");
            }
        }
        assert_eq!(ids.len(), LANGUAGES.len() * 3);
    }

    #[test]
    fn a_reply_names_the_word_that_undoes_what_was_done() {
        for language in LANGUAGES {
            let names =
                |reply: &str, words: &Words| words.words.iter().any(|word| reply.contains(&word.to_uppercase()));
            assert!(names(language.stop.reply, &language.start), "{}", language.code);
            assert!(names(language.start.reply, &language.stop), "{}", language.code);
            assert!(names(language.help.reply, &language.stop), "{}", language.code);
            assert!(names(language.help.reply, &language.start), "{}", language.code);
            for reply in [language.stop.reply, language.start.reply, language.help.reply] {
                assert!(reply.chars().count() <= 200, "{reply}");
            }
        }
    }
}
