//! The requests that send a message, written out for the OpenAPI document: a schema per type with Meta's limits, and examples. The checks
//! themselves are in `meta::message`; a test holds every limit here against them.

mod examples;
mod interactive;
mod messages;
mod recipient;
mod request;
mod template;

use serde_json::{Map, Value, json};

pub(super) use examples::{EXAMPLES, examples};

/// Returns the schemas of requests and payloads by name.
pub(super) fn schemas() -> Map<String, Value> {
    let all = [
        messages::schemas(),
        interactive::schemas(),
        template::schemas(),
        recipient::schemas(),
        request::schemas(),
    ];
    all.into_iter().flatten().collect()
}

/// A schema and its name.
type Named = (String, Value);

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn string() -> Value {
    json!({ "type": "string" })
}

/// Text that is not empty and has at most so many characters.
fn text(max: u32) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max })
}

fn word(allowed: &[&str]) -> Value {
    json!({ "type": "string", "enum": allowed })
}

fn url() -> Value {
    json!({ "type": "string", "format": "uri" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn integer(min: i64, max: i64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn short_list(items: Value, min: usize, max: usize) -> Value {
    json!({ "type": "array", "items": items, "minItems": min, "maxItems": max })
}

/// An object with these members and no others.
fn object<const N: usize>(required: &[&str], members: [(&str, Value); N]) -> Value {
    let members: Map<String, Value> = members
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let mut object = json!({ "type": "object", "properties": members, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// An object with any members.
fn free() -> Value {
    json!({ "type": "object", "additionalProperties": true })
}

/// Adds a description.
trait Describe {
    fn says(self, description: &str) -> Value;
}

impl Describe for Value {
    fn says(mut self, description: &str) -> Value {
        self["description"] = description.into();
        self
    }
}

#[cfg(test)]
mod tests;
