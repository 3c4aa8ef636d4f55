//! Schemas that stand inline although they are components: generic types inline what they hold. Clients get one type for each instead of
//! copies.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Replaces every inline copy of a component by a reference to it.
pub(super) fn apply(document: &mut Value) {
    let Some(components) = document.pointer("/components/schemas").and_then(Value::as_object) else {
        return;
    };
    let names: HashMap<String, String> = components
        .iter()
        .filter(|(_, schema)| is_worth_a_name(schema))
        .map(|(name, schema)| (schema.to_string(), name.clone()))
        .collect();
    if let Some(components) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        // A component itself stays; what is in it is replaced.
        components.values_mut().for_each(|schema| below(schema, &names));
    }
    if let Some(paths) = document.get_mut("paths") {
        visit(paths, &names);
    }
}

/// Objects with members, enums and choices: two of them are not equal by chance.
fn is_worth_a_name(schema: &Value) -> bool {
    let members = schema["properties"].as_object().map_or(0, Map::len);
    members > 0 || ["enum", "oneOf", "allOf"].iter().any(|it| schema[*it].is_array())
}

fn visit(value: &mut Value, names: &HashMap<String, String>) {
    if is_worth_a_name(value)
        && let Some(name) = names.get(&value.to_string())
    {
        *value = json!({ "$ref": format!("#/components/schemas/{name}") });
        return;
    }
    below(value, names);
}

fn below(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| visit(member, names)),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, names)),
        _ => {}
    }
}
