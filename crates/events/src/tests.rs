//! Tests of the catalogue: names, schemas, examples, and `EVENTS.md`.

use std::collections::BTreeSet;

use super::all;

#[test]
fn a_name_stands_once_and_is_a_family_and_what_happened() {
    let names: BTreeSet<&str> = all().map(|it| it.name).collect();
    assert_eq!(names.len(), all().count());
    for name in names {
        let (family, what) = name.split_once('.').unwrap_or_else(|| panic!("{name}"));
        let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(word(family) && word(what), "{name}");
    }
}

#[test]
fn a_schema_is_whole_by_itself() {
    for it in all() {
        let schema = it.schema();
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{}",
            it.name
        );
        assert_eq!(schema["type"], "object", "{}", it.name);
        assert!(!schema.to_string().contains("$ref"), "{}: {schema}", it.name);
    }
}

#[test]
fn what_is_written_is_always_there() {
    // A member without a value is null and never omitted, so that receivers need not handle both.
    fn check(name: &str, schema: &serde_json::Value) {
        if let Some(properties) = schema["properties"].as_object() {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for member in properties.keys() {
                assert!(
                    required.iter().any(|it| it == member),
                    "{name}: {member} may be missing"
                );
            }
        }
        match schema {
            serde_json::Value::Object(members) => members.values().for_each(|it| check(name, it)),
            serde_json::Value::Array(items) => items.iter().for_each(|it| check(name, it)),
            _ => {}
        }
    }
    all().for_each(|it| check(it.name, &it.schema()));
}

const LIST: &str = include_str!("../../../EVENTS.md");

#[test]
fn the_list_for_readers_is_the_catalogue() {
    let rows: Vec<&str> = LIST.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), all().count());
    for (row, it) in rows.into_iter().zip(all()) {
        let expected = format!("| `{}` | {} | ", it.name, it.when);
        let members = row.strip_prefix(&expected).and_then(|rest| rest.strip_suffix(" |"));
        let members = members.unwrap_or_else(|| panic!("EVENTS.md has {row}, and not {expected}"));
        let schema = it.schema();
        for path in members.split(", ").map(|path| path.trim_matches('`')) {
            let found = path.split('.').try_fold(&schema, member);
            assert!(found.is_some(), "{}: there is no member {path}", it.name);
        }
    }
}

/// The schema of a member of an object, which may be one of several alternatives.
fn member<'s>(schema: &'s serde_json::Value, name: &str) -> Option<&'s serde_json::Value> {
    let alternatives = ["oneOf", "anyOf", "allOf"]
        .iter()
        .filter_map(|it| schema[*it].as_array());
    let within = || alternatives.flatten().find_map(|it| member(it, name));
    schema["properties"].get(name).or_else(within)
}

#[test]
fn the_examples_for_readers_are_those_of_the_catalogue() {
    let blocks = LIST
        .split("\n```json\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"));
    let examples: Vec<serde_json::Value> = blocks
        .map(|(block, _)| serde_json::from_str(block).expect("an example is JSON"))
        .collect();
    assert!(examples.len() >= 10, "{} examples were found", examples.len());
    for shown in examples {
        let found = all().find(|it| shown["type"] == it.name);
        let it = found.unwrap_or_else(|| panic!("there is no type {}", shown["type"]));
        assert_eq!(shown["data"], it.example(), "{}", it.name);
    }
}
