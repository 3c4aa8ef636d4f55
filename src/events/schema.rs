//! From a struct to the JSON Schema of what it is written as.

use std::collections::HashMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const COMPONENT: &str = "#/components/schemas/";

/// The schema of a type. OpenAPI 3.1 speaks JSON Schema 2020-12; only the schemas it refers to have to be put in their places.
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

fn inlined(schema: Value, parts: &HashMap<String, Value>) -> Value {
    match schema {
        Value::Object(mut members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            let part = named.and_then(|it| parts.get(it.strip_prefix(COMPONENT)?));
            let Some(Value::Object(part)) = part.cloned() else {
                let each = members.into_iter().map(|(name, value)| (name, inlined(value, parts)));
                return Value::Object(each.collect());
            };
            // What is said where the part is used says more than what the part says of itself.
            members.remove("$ref");
            inlined(Value::Object(part.into_iter().chain(members).collect()), parts)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|it| inlined(it, parts)).collect()),
        other => other,
    }
}
