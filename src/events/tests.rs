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
    // A member is null where there is nothing to say, and never left out: a receiver need not ask for both.
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

#[test]
fn the_list_for_readers_is_the_catalogue() {
    const LIST: &str = include_str!("../../EVENTS.md");
    let listed: Vec<&str> = LIST.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = all().map(|it| format!("| `{}` | {} |", it.name, it.when)).collect();
    assert_eq!(listed, expected);
}
