//! Which events an endpoint wants.

use std::collections::BTreeSet;

/// Exact types (`message.received`), families (`message.*`) or everything (`*`), the least that says the same: what another covers is
/// left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEventType {
    #[error("no event type is named; name some, or `*` for all of them")]
    None,
    #[error("more than {most} event types are named; use families such as `message.*`, or `*`")]
    TooMany { most: usize },
    #[error("{0:?} is neither an event type such as `message.received`, nor a family such as `message.*`, nor `*`")]
    Malformed(String),
}

const ALL: &str = "*";
const MOST: usize = 100;
const LONGEST: usize = 100;

impl EventTypes {
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

    /// As it is stored. What cannot be read wants nothing.
    pub fn from_json(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("a list of texts is JSON")
    }

    pub fn matches(&self, kind: &str) -> bool {
        self.0.iter().any(|pattern| Self::covers(pattern, kind))
    }

    /// Whether everything that `word` stands for is in what `pattern` stands for.
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
