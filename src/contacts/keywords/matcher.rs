//! Finds the rule that a message is for.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use super::{
    KeywordRule, builtin_rules,
    fold::{Folded, fold, may_be_keyword, without_accents},
};
use crate::domain::KeywordRuleId;

/// Rules, ready to be asked. What a question costs depends on the length of a text alone, which is limited.
#[derive(Debug)]
struct WordIndex {
    rules: Vec<KeywordRule>,
    /// Positions in `rules` by folded word, in the order of the rules.
    words: HashMap<String, Vec<usize>>,
    /// Folded polite tails of each rule.
    tails: Vec<HashSet<String>>,
}

impl WordIndex {
    fn new(rules: Vec<KeywordRule>) -> Self {
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

    /// Returns the rules of which the whole text is a word, with or without one polite tail behind it, in their order.
    fn find(&self, text: &Folded) -> impl Iterator<Item = &KeywordRule> {
        let mut places: Vec<usize> = self.places(&text.joined).collect();
        if text.parted != text.joined {
            places.extend(self.places(&text.parted));
        }
        places.sort_unstable();
        places.into_iter().map(|at| &self.rules[at])
    }

    fn places<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = usize> + 'a {
        let whole = self.words.get(once(folded)).into_iter().flatten().copied();
        let with_tail = folded.match_indices(' ').flat_map(move |(at, _)| {
            let (word, tail) = (once(&folded[..at]), &folded[at + 1..]);
            let places = self.words.get(word).into_iter().flatten().copied();
            places.filter(move |place| self.tails[*place].contains(tail))
        });
        whole.chain(with_tail)
    }
}

/// Returns what a text says two or three times, as in "stop stop"; else the text.
fn once(folded: &str) -> &str {
    let words: Vec<&str> = folded.split(' ').collect();
    let repeats = |length: &usize| {
        *length > 0
            && words.len().is_multiple_of(*length)
            && words.len() <= 3 * *length
            && words.chunks(*length).all(|chunk| chunk == &words[..*length])
    };
    let lengths = [words.len() / 3, words.len() / 2];
    let length = lengths.into_iter().find(repeats).unwrap_or(words.len());
    let bytes: usize = words[..length].iter().map(|word| word.len() + 1).sum();
    &folded[..bytes - 1]
}

/// The forms under which a word is kept: as folded, and without accents.
fn forms(word: &str) -> impl Iterator<Item = String> + use<> {
    let folded = fold(word);
    let plain = without_accents(&folded.joined);
    [folded.joined, folded.parted, plain]
        .into_iter()
        .filter(|it| !it.is_empty())
}

static BUILTIN: LazyLock<Arc<WordIndex>> = LazyLock::new(|| Arc::new(WordIndex::new(builtin_rules().collect())));

/// The enabled rules of a tenant: their own, and the built-in ones that they left as they are.
#[derive(Clone, Debug)]
pub(crate) struct KeywordMatcher {
    own: Arc<WordIndex>,
    builtin: Arc<WordIndex>,
    /// Built-in rules that the tenant changed or switched off.
    replaced: Arc<HashSet<KeywordRuleId>>,
}

impl KeywordMatcher {
    /// Builds it from a tenant's rules, among them built-in ones that they changed.
    pub fn new(own: Vec<KeywordRule>) -> Self {
        let replaced = own.iter().map(|rule| rule.id).collect();
        let enabled = own.into_iter().filter(|rule| rule.enabled).collect();
        Self {
            own: Arc::new(WordIndex::new(enabled)),
            builtin: BUILTIN.clone(),
            replaced: Arc::new(replaced),
        }
    }

    /// Returns the rule of which the whole text is a word, with or without one polite tail behind it. Of several that in `language` wins,
    /// then the tenant's own, then the first. The language is asked for only if it decides.
    pub fn find(&self, text: &str, language: impl FnOnce() -> Option<&'static str>) -> Option<&KeywordRule> {
        if !may_be_keyword(text) {
            return None;
        }
        let folded = fold(text);
        let builtin = self.builtin.find(&folded);
        let builtin = builtin.filter(|rule| !self.replaced.contains(&rule.id));
        let found: Vec<&KeywordRule> = self.own.find(&folded).chain(builtin).collect();
        if found.len() < 2 {
            return found.first().copied();
        }
        let language = language();
        let spoken = found.iter().find(|rule| Some(&*rule.language) == language);
        spoken.or(found.first()).copied()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{ConsentPurpose, Id, KeywordAction};

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
    fn a_rule_in_the_language_wins_then_the_tenants_own_then_the_first() {
        let matcher = KeywordMatcher::new(vec![own(&["stop"])]);
        let language = |text, asked| matcher.find(text, || asked).map(|it| &*it.language);
        assert_eq!(language("stop", None), Some("nl"));
        assert_eq!(language("stop", Some("pt")), Some("pt"));
        assert_eq!(language("stop", Some("xx")), Some("nl"));
        assert_eq!(language("Stop, alsjeblieft!", Some("pt")), Some("nl"));
        assert_eq!(
            language("stop por favor", Some("en")),
            Some("es"),
            "a tail is of the language of the word"
        );
        assert_eq!(language("Stop alsjeblieft please", None), None, "one tail");
    }

    #[test]
    fn a_built_in_rule_that_was_switched_off_has_no_words() {
        let off = |mut rule: KeywordRule| {
            rule.enabled = false;
            rule
        };
        let stops = builtin_rules().filter(|rule| rule.action == KeywordAction::Stop);
        let matcher = KeywordMatcher::new(stops.map(off).collect());
        assert_eq!(matcher.find("stop", || None), None);
        let found = matcher.find("start", || None).map(|it| it.action);
        assert_eq!(found, Some(KeywordAction::Start));
    }

    #[test]
    fn a_built_in_rule_that_was_changed_has_the_words_it_was_given() {
        let english = builtin_rules().next().unwrap();
        let words = vec!["enough".to_owned()];
        let matcher = KeywordMatcher::new(vec![KeywordRule { words, ..english }]);
        let language = |text| matcher.find(text, || Some("en")).map(|it| &*it.language);
        assert_eq!(language("Enough, please"), Some("en"));
        assert_eq!(language("unsubscribe me"), None);
        assert_eq!(language("stop"), Some("es"));
    }

    #[test]
    fn a_text_of_nothing_but_signs_is_no_word() {
        let matcher = KeywordMatcher::new(vec![own(&["!", "", "🛑"])]);
        for text in ["!", "", "🛑", " ", "alsjeblieft"] {
            assert_eq!(matcher.find(text, || None), None, "{text:?}");
        }
    }
}
