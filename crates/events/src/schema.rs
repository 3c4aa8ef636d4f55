//! Generates the JSON Schema of event data from its struct.

use std::collections::HashMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const COMPONENT: &str = "#/components/schemas/";

/// Returns the schema of a type, with its references inlined. OpenAPI 3.1 uses JSON Schema 2020-12, so nothing else changes.
pub(super) fn of<T: ToSchema>() -> Value {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let json = |schema| serde_json::to_value(schema).expect("a schema is JSON");
    let parts: HashMap<String, Value> = parts.into_iter().map(|(name, part)| (name, json(part))).collect();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), DIALECT.into());
    if let Value::Object(members) = inlined(json(T::schema()), &parts) {
        schema.extend(members);
    }
    Value::Object(schema)
}

/// Replaces references by the schemas they name.
fn inlined(schema: Value, parts: &HashMap<String, Value>) -> Value {
    match schema {
        Value::Object(mut members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            let part = named.and_then(|it| parts.get(it.strip_prefix(COMPONENT)?));
            let Some(Value::Object(part)) = part.cloned() else {
                let each = members.into_iter().map(|(name, value)| (name, inlined(value, parts)));
                return Value::Object(each.collect());
            };
            // Members at the place of use, such as a description, take precedence over those of the referenced schema.
            members.remove("$ref");
            inlined(Value::Object(part.into_iter().chain(members).collect()), parts)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|it| inlined(it, parts)).collect()),
        other => other,
    }
}
