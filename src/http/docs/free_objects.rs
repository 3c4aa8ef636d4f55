//! Objects whose members the document does not name: any member is allowed in them. Generators of clients otherwise make types of them that
//! hold nothing.

use serde_json::{Map, Value};

/// Allows any member in every object without members of its own.
pub(super) fn allow(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if is_free(members) {
                members.insert("additionalProperties".to_owned(), true.into());
            }
            let schemas = members.iter_mut().filter(|(name, _)| !name.starts_with("example"));
            schemas.for_each(|(_, member)| allow(member));
        }
        Value::Array(items) => items.iter_mut().for_each(allow),
        _ => {}
    }
}

fn is_free(schema: &Map<String, Value>) -> bool {
    let is_object = match schema.get("type") {
        Some(Value::String(one)) => one == "object",
        Some(Value::Array(several)) => several.iter().any(|one| one == "object"),
        _ => false,
    };
    is_object && !schema.contains_key("properties") && !schema.contains_key("additionalProperties")
}
