//! A checker for what the catalogue uses of JSON Schema 2020-12. A keyword that it does not know is a panic: nothing goes unchecked.

use std::collections::BTreeMap;

use chrono::DateTime;
use mainstay::{db::Db, events};
use serde_json::Value;

/// What does not fit, with the place. An object may have no member that its schema does not name, though receivers have to bear some.
pub fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "data", &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let keywords = schema
        .as_object()
        .unwrap_or_else(|| panic!("{place}: {schema} is no schema"));
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "examples" => {}
            "type" => {
                let kinds: Vec<&Value> = rule.as_array().map_or_else(|| vec![rule], |many| many.iter().collect());
                if !kinds.iter().any(|kind| is_of(value, kind)) {
                    found.push(format!("{place}: {value} is not of type {rule}"));
                }
            }
            "properties" => members(rule, value, place, found),
            "required" => {
                for name in rule.as_array().unwrap() {
                    let missing = value
                        .as_object()
                        .is_some_and(|it| !it.contains_key(name.as_str().unwrap()));
                    if missing {
                        found.push(format!("{place}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, item, &format!("{place}/{n}"), found);
                }
            }
            "oneOf" => {
                let fits = |one: &&Value| {
                    let mut misfits = Vec::new();
                    check(one, value, place, &mut misfits);
                    misfits.is_empty()
                };
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                if count != 1 {
                    found.push(format!("{place}: {value} is {count} of {rule}"));
                }
            }
            "pattern" => {
                if let Some(text) = value.as_str()
                    && !matches_id(rule.as_str().unwrap(), text)
                {
                    found.push(format!("{place}: {text} does not match {rule}"));
                }
            }
            "format" => match rule.as_str().unwrap() {
                "date-time" => {
                    if value
                        .as_str()
                        .is_some_and(|text| DateTime::parse_from_rfc3339(text).is_err())
                    {
                        found.push(format!("{place}: {value} is no time"));
                    }
                }
                "int64" => {}
                other => panic!("{place}: format {other}"),
            },
            "minimum" => {
                if value.as_f64() < rule.as_f64() && value.is_number() {
                    found.push(format!("{place}: {value} is less than {rule}"));
                }
            }
            other => panic!("{place}: keyword {other}"),
        }
    }
}

fn members(properties: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(schema) => check(schema, member, &format!("{place}/{name}"), found),
            None => found.push(format!("{place}: {name} is not in the schema")),
        }
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    }
}

/// The only patterns there are: `^prefix_[0-9a-f]{32}$`.
fn matches_id(pattern: &str, text: &str) -> bool {
    let prefix = pattern
        .strip_prefix('^')
        .and_then(|it| it.strip_suffix("[0-9a-f]{32}$"));
    let prefix = prefix.unwrap_or_else(|| panic!("pattern {pattern}"));
    let digits = text.strip_prefix(prefix);
    digits.is_some_and(|it| it.len() == 32 && it.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

/// Holds what a receiver was sent against the catalogue.
///
/// # Panics
/// When there is no such type, or the data does not fit its schema.
pub fn hold(kind: &str, data: &Value) {
    let of = events::all().find(|it| it.name == kind);
    let schema = of.unwrap_or_else(|| panic!("{kind} is in no catalogue")).schema();
    let misfits = misfits(&schema, data);
    assert!(misfits.is_empty(), "{kind}: {misfits:#?}\n{data:#}");
}

/// How many events of which type were written.
///
/// # Panics
/// When one is of no type of the catalogue, or does not fit its schema.
pub async fn told(db: &Db) -> BTreeMap<String, usize> {
    let schemas: BTreeMap<&str, (i64, Value)> = events::all().map(|it| (it.name, (it.version, it.schema()))).collect();
    const SQL: &str = "SELECT type, version, data FROM events ORDER BY sequence";
    let rows: Vec<(String, i64, String)> = db.reader().sql(SQL, ()).all().await.unwrap();
    let mut told = BTreeMap::new();
    for (kind, version, data) in rows {
        let (of, schema) = schemas
            .get(kind.as_str())
            .unwrap_or_else(|| panic!("{kind} is in no catalogue"));
        let data: Value = serde_json::from_str(&data).unwrap();
        let misfits = misfits(schema, &data);
        assert!(misfits.is_empty(), "{kind}: {misfits:#?}\n{data:#}");
        assert_eq!(version, *of, "{kind}");
        *told.entry(kind).or_default() += 1;
    }
    told
}

#[test]
fn a_checker_that_lets_everything_pass_would_be_none() {
    let schema = serde_json::json!({
        "type": "object", "required": ["id", "at", "who"], "properties": {
            "id": { "type": "string", "pattern": "^msg_[0-9a-f]{32}$" },
            "at": { "type": "string", "format": "date-time" },
            "who": { "oneOf": [{ "type": "null" }, { "type": "object", "required": ["n"], "properties": { "n": { "type": "integer", "minimum": 0 } } }] },
        },
    });
    let good = serde_json::json!({ "id": "msg_0198aaaabbbb7ccc8dddeeeeffff0001", "at": "2026-09-21T13:33:20.5Z", "who": { "n": 1 } });
    assert_eq!(misfits(&schema, &good), Vec::<String>::new());
    for (member, bad) in [
        ("id", serde_json::json!("con_0198aaaabbbb7ccc8dddeeeeffff0001")),
        ("id", serde_json::json!(7)),
        ("at", serde_json::json!("yesterday")),
        ("who", serde_json::json!({ "n": -1 })),
        ("who", serde_json::json!({})),
        ("who", serde_json::json!({ "n": 1, "m": 2 })),
        ("more", serde_json::json!(null)),
    ] {
        let mut value = good.clone();
        value[member] = bad.clone();
        assert_eq!(misfits(&schema, &value).len(), 1, "{member}: {bad}");
    }
    assert_eq!(misfits(&schema, &serde_json::json!({})).len(), 3);
}
