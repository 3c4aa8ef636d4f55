//! Finds the rule that a message is for.

use std::collections::{HashMap, HashSet};

use super::{
    KeywordRule,
    fold::{fold, may_be_keyword, without_accents},
};

/// The enabled rules of a tenant, ready to be asked. What a question costs depends on the length of a text alone, which is limited.
#[derive(Debug)]
pub(crate) struct KeywordMatcher {
    rules: Vec<KeywordRule>,
    /// Positions in `rules` by folded word, in the order of the rules.
    words: HashMap<String, Vec<usize>>,
    /// Folded polite tails of each rule.
    tails: Vec<HashSet<String>>,
}

impl KeywordMatcher {
    /// Builds it from rules, of which the first that has a word wins. Those that are not enabled are left out.
    pub fn new(rules: impl IntoIterator<Item = KeywordRule>) -> Self {
        let rules: Vec<KeywordRule> = rules.into_iter().filter(|rule| rule.enabled).collect();
        let mut words: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, rule) in rules.iter().enumerate() {
            for word in rule.words.iter().flat_map(|word| forms(word)) {
                let places = words.entry(word).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        let tails_of = |rule: &KeywordRule| rule.polite_tails.iter().flat_map(|tail| forms(tail)).collect();
        let tails = rules.iter().map(tails_of).collect();
        Self { rules, words, tails }
    }

    /// Returns the rule of which the whole text is a word, with or without one polite tail behind it. Of several that of the language asked
    /// for wins, then the first.
    pub fn find(&self, text: &str, language: Option<&str>) -> Option<&KeywordRule> {
        if !may_be_keyword(text) {
            return None;
        }
        let folded = fold(text);
        let mut places: Vec<usize> = self.places(&folded.joined).collect();
        if folded.parted != folded.joined {
            places.extend(self.places(&folded.parted));
        }
        let rule = |at: &usize| &self.rules[*at];
        let spoken = places.iter().map(rule).find(|it| Some(&*it.language) == language);
        spoken.or_else(|| places.iter().min().map(rule))
    }

    fn places<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = usize> + 'a {
        let whole = self.words.get(folded).into_iter().flatten().copied();
        let with_tail = folded.match_indices(' ').flat_map(move |(at, _)| {
            let (word, tail) = (&folded[..at], &folded[at + 1..]);
            let places = self.words.get(word).into_iter().flatten().copied();
            places.filter(move |place| self.tails[*place].contains(tail))
        });
        whole.chain(with_tail)
    }
}

/// The forms under which a word is kept: as folded, and without accents.
fn forms(word: &str) -> impl Iterator<Item = String> + use<> {
    let folded = fold(word);
    let plain = without_accents(&folded.joined);
    [folded.joined, folded.parted, plain].into_iter().filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contacts::keywords::builtin_rules,
        domain::{ConsentPurpose, Id, KeywordAction, KeywordRuleId},
    };
    use uuid::Uuid;

    fn own(words: &[&str]) -> KeywordRule {
        KeywordRule {
            id: KeywordRuleId::from_uuid(Uuid::max()),
            action: KeywordAction::Help,
            purpose: ConsentPurpose::Marketing,
            language: "nl".into(),
            words: words.iter().map(|it| (*it).to_owned()).collect(),
            polite_tails: vec!["alsjeblieft".into()],
            reply: None,
            enabled: true,
        }
    }

    #[test]
    fn the_first_rule_that_has_a_word_wins_unless_another_is_in_the_language() {
        let matcher = KeywordMatcher::new([own(&["stop"])].into_iter().chain(builtin_rules()));
        let language = |text, asked| matcher.find(text, asked).map(|it| &*it.language);
        assert_eq!(language("stop", None), Some("nl"));
        assert_eq!(language("stop", Some("pt")), Some("pt"));
        assert_eq!(language("stop", Some("xx")), Some("nl"));
        assert_eq!(language("Stop, alsjeblieft!", Some("pt")), Some("nl"));
        assert_eq!(language("stop por favor", None), Some("es"), "a tail is of the language of the word");
        assert_eq!(language("Stop alsjeblieft please", None), None, "one tail");
    }

    #[test]
    fn a_rule_that_is_not_enabled_has_no_words() {
        let disabled = |mut rule: KeywordRule| {
            rule.enabled = rule.action != KeywordAction::Stop;
            rule
        };
        let matcher = KeywordMatcher::new(builtin_rules().map(disabled));
        assert_eq!(matcher.find("stop", None), None);
        assert_eq!(matcher.find("start", None).map(|it| it.action), Some(KeywordAction::Start));
    }

    #[test]
    fn a_text_of_nothing_but_signs_is_no_word() {
        let matcher = KeywordMatcher::new([own(&["!", "", "🛑"])]);
        for text in ["!", "", "🛑", " ", "alsjeblieft"] {
            assert_eq!(matcher.find(text, None), None, "{text:?}");
        }
    }
}
