//! One change: the smallest thing a webhook is made of.

use serde_json::{Map, Value};

use super::line::Line;
use crate::{InboundFile, Item};

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub line: Line,
    pub field: String,
    pub value: Map<String, Value>,
    pub items: Vec<Item>,
    /// The files it names.
    pub files: Vec<InboundFile>,
    /// Unix seconds, for the fields whose entry carries `time`.
    pub entry_time: Option<i64>,
}

impl Change {
    /// A change of a field that concerns a phone number; such entries carry no time.
    pub fn of_number(line: &Line, field: &str, value: Map<String, Value>, items: Vec<Item>) -> Self {
        Self {
            line: line.clone(),
            field: field.to_owned(),
            value,
            items,
            files: Vec::new(),
            entry_time: None,
        }
    }

    /// Gives the entry a time.
    pub fn at(self, time: i64) -> Self {
        Self {
            entry_time: Some(time),
            ..self
        }
    }

    /// Adds the files it names.
    pub fn naming(self, files: Vec<InboundFile>) -> Self {
        Self { files, ..self }
    }

    /// Whether two values may be told as one: same number, and nothing in them but messages and statuses.
    pub fn merges_with(&self, other: &Self) -> bool {
        self.line == other.line && self.is_conversation() && other.is_conversation()
    }

    fn is_conversation(&self) -> bool {
        const KEYS: [&str; 5] = ["messaging_product", "metadata", "contacts", "messages", "statuses"];
        self.field == "messages" && self.value.keys().all(|key| KEYS.contains(&key.as_str()))
    }

    /// Adds what `other` holds. The caller has asked [`Change::merges_with`].
    pub fn merge(&mut self, other: &Self) {
        for (key, value) in &other.value {
            let Value::Array(theirs) = value else { continue };
            let ours = self
                .value
                .entry(key.as_str())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(ours) = ours {
                for element in theirs {
                    if key != "contacts" || !ours.contains(element) {
                        ours.push(element.clone());
                    }
                }
            }
        }
        self.items.extend_from_slice(&other.items);
        self.files.extend_from_slice(&other.files);
    }
}
