//! Event type filters of endpoints.

use std::collections::BTreeSet;

/// A filter: exact types (`message.received`), families (`message.*`) or everything (`*`). Patterns covered by another are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes(Vec<String>);

/// The reason why a filter is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEventType {
    #[error("no event type given; give at least one, or `*` for all")]
    None,
    #[error("more than {most} event types given; use families such as `message.*`, or `*`")]
    TooMany { most: usize },
    #[error("{0:?} is not an event type such as `message.received`, a family such as `message.*`, or `*`")]
    Malformed(String),
}

/// Pattern that matches every type.
const ALL: &str = "*";
/// Maximum number of patterns.
const MOST: usize = 100;
/// Maximum length of a pattern in bytes.
const LONGEST: usize = 100;

impl EventTypes {
    /// Parses patterns.
    pub fn parse<T: AsRef<str>>(words: &[T]) -> Result<Self, BadEventType> {
        if words.is_empty() {
            return Err(BadEventType::None);
        }
        if words.len() > MOST {
            return Err(BadEventType::TooMany { most: MOST });
        }
        let mut found = BTreeSet::new();
        for word in words.iter().map(AsRef::as_ref) {
            if !is_well_formed(word) {
                return Err(BadEventType::Malformed(word.chars().take(LONGEST).collect()));
            }
            found.insert(word);
        }
        let covered = |word: &str| found.iter().any(|by| *by != word && Self::covers(by, word));
        Ok(Self(
            found
                .iter()
                .filter(|word| !covered(word))
                .map(|&word| word.to_owned())
                .collect(),
        ))
    }

    /// Parses the stored form. A filter that cannot be parsed matches nothing.
    pub fn from_json(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("a list of texts is JSON")
    }

    /// Returns whether the filter matches an event type.
    pub fn matches(&self, kind: &str) -> bool {
        self.0.iter().any(|pattern| Self::covers(pattern, kind))
    }

    /// Returns whether `pattern` matches everything that `word`, a type or a pattern, matches.
    pub fn covers(pattern: &str, word: &str) -> bool {
        match pattern.strip_suffix(ALL) {
            Some(family) => word.starts_with(family),
            None => pattern == word,
        }
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// Returns whether a word is a type, a family or `*`.
fn is_well_formed(word: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let stem = word.strip_suffix(".*").unwrap_or(word);
    let exact = stem.len() == word.len();
    let parts = stem.split('.').count();
    word == ALL || (word.len() <= LONGEST && parts > usize::from(exact) && stem.split('.').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Vec<String> {
        EventTypes::parse(words).expect("they are good").0
    }

    #[test]
    fn what_another_pattern_covers_is_left_out() {
        assert_eq!(
            parsed(&["message.read", "message.*", "contact.created"]),
            ["contact.created", "message.*"]
        );
        assert_eq!(parsed(&["message.*", "*", "message.read"]), ["*"]);
        assert_eq!(parsed(&["message.read", "message.read"]), ["message.read"]);
        assert_eq!(parsed(&["message.*", "messages.lost"]), ["message.*", "messages.lost"]);
    }

    #[test]
    fn a_family_matches_its_own_and_no_other() {
        let types = EventTypes::parse(&["message.*", "contact.created"]).expect("they are good");
        for (kind, wanted) in [
            ("message.received", true),
            ("message.status.read", true),
            ("messages.received", false),
            ("message", false),
            ("contact.created", true),
            ("contact.created_again", false),
            ("contact.updated", false),
        ] {
            assert_eq!(types.matches(kind), wanted, "{kind}");
        }
        assert!(
            EventTypes::parse(&["*"])
                .expect("it is good")
                .matches("anything.at_all")
        );
        assert_eq!(EventTypes::from_json(&types.to_json()), types);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for word in [
            "",
            "message",
            ".*",
            "message.",
            "message*",
            "*.read",
            "me*.read",
            "Message.read",
            "message.*.x",
            "a b.c",
            "**",
        ] {
            assert_eq!(
                EventTypes::parse(&[word]),
                Err(BadEventType::Malformed(word.to_owned())),
                "{word:?}"
            );
        }
        assert_eq!(EventTypes::parse::<&str>(&[]), Err(BadEventType::None));
        assert!(EventTypes::parse(&vec!["message.read"; 101]).is_err());
    }
}
