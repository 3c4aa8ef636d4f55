//! The schemas against the checks of a send: every example is one that Meta would take, and every length limit is the one that is checked.

use serde_json::{Map, Value};

use super::{examples::EXAMPLES, schemas};
use crate::meta::message::Outbound;

const SCHEMAS: &str = "#/components/schemas/";

fn resolved<'s>(schema: &'s Value, all: &'s Map<String, Value>, value: &Value) -> &'s Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix(SCHEMAS)) {
        return all.get(name).map_or(schema, |it| resolved(it, all, value));
    }
    let fits = |choice: &&Value| {
        let choice = resolved(choice, all, value);
        let words = choice["properties"]["type"]["enum"].as_array();
        match words {
            Some(words) => words.contains(&value["type"]),
            None => choice["type"] == if value.is_string() { "string" } else { "object" },
        }
    };
    match schema["oneOf"].as_array() {
        Some(choices) => choices.iter().find(fits).map_or(schema, |it| resolved(it, all, value)),
        None => schema,
    }
}

/// Places of texts with a limit.
fn limited(schema: &Value, all: &Map<String, Value>, value: &Value, place: String, found: &mut Vec<(String, usize)>) {
    let schema = resolved(schema, all, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                assert!(
                    !schema["properties"][name].is_null() || schema["additionalProperties"] == true,
                    "{place}/{name} is not in the schema {schema}"
                );
                limited(
                    &schema["properties"][name],
                    all,
                    member,
                    format!("{place}/{name}"),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                limited(&schema["items"], all, item, format!("{place}/{n}"), found);
            }
        }
        Value::String(_) => found.extend(schema["maxLength"].as_u64().map(|max| (place, max as usize))),
        _ => {}
    }
}

#[test]
fn every_limit_of_length_is_the_one_that_is_checked() {
    let all = schemas();
    let mut checked = 0;
    for (example, _, request) in EXAMPLES {
        let request = request();
        let Some(kind) = request["type"].as_str() else { continue };
        let payload = request[kind].clone();
        if !payload["variables"].is_null() {
            continue;
        }
        Outbound::parse(kind, &payload).unwrap_or_else(|error| panic!("{example}: {error}"));
        let of_kind = all
            .values()
            .find(|it| it["properties"]["type"]["enum"][0] == kind && !it["properties"]["to"].is_null());
        let mut found = Vec::new();
        let schema = &of_kind.expect("a schema of the type")["properties"][kind];
        limited(schema, &all, &payload, String::new(), &mut found);
        for (place, max) in found {
            let with = |length: usize| {
                let mut changed = payload.clone();
                *changed.pointer_mut(&place).expect("a place") = "x".repeat(length).into();
                Outbound::parse(kind, &changed)
            };
            // The text of a template has a limit in all that depends on the part.
            if kind != "template" {
                assert!(with(max).is_ok(), "{example}{place}: {max} characters are refused");
            }
            let refused = with(max + 1).expect_err("one more is refused");
            assert!(refused.limit.is_some(), "{example}{place}: {refused}");
            checked += 1;
        }
    }
    assert!(checked >= 25, "{checked}");
}
