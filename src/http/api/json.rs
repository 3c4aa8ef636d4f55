use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON as it is stored, put into the answer without being taken apart.
pub struct Json(String);

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Serialize for Json {
    /// Text that is not JSON after all is shown as a string, so that one bad row does not make a whole page invalid.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(&self.0) {
            Ok(raw) => raw.serialize(to),
            Err(_) => self.0.serialize(to),
        }
    }
}
