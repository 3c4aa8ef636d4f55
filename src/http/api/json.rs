//! Stored JSON in answers.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON text from the database, written to the answer without being parsed into values.
pub(crate) struct RawJson(String);

impl From<String> for RawJson {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Serialize for RawJson {
    /// Writes text that is not valid JSON as a string, so that one bad row does not make a whole page invalid.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(&self.0) {
            Ok(raw) => raw.serialize(to),
            Err(_) => self.0.serialize(to),
        }
    }
}
