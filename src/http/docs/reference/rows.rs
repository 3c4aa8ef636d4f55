//! The members of a schema as rows of a table.

use serde_json::Value;

use super::markdown;

/// Deepest level of members within members that is shown.
const DEEPEST: usize = 3;
const SCHEMAS: &str = "#/components/schemas/";

/// A member of an object.
pub(super) struct Row {
    pub depth: usize,
    pub name: String,
    pub required: bool,
    /// Its type in words.
    pub kind: String,
    /// The schema that it links to.
    pub link: Option<String>,
    /// HTML.
    pub says: String,
}

/// Returns the rows of a schema's members, and of theirs where they stand inline.
pub(super) fn of(schema: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(schema, 0, &mut rows);
    rows
}

fn collect(schema: &Value, depth: usize, rows: &mut Vec<Row>) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(part, depth, rows);
    }
    let required = |name: &str| {
        let all = schema["required"].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).any(|it| it == name)
    };
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        rows.push(row(depth, name, required(name), member));
        if depth < DEEPEST {
            collect(member, depth + 1, rows);
            collect(&member["items"], depth + 1, rows);
        }
    }
}

/// Returns the row of one member, or of a parameter.
pub(super) fn row(depth: usize, name: &str, required: bool, schema: &Value) -> Row {
    Row {
        depth,
        name: name.to_owned(),
        required,
        kind: kind(schema),
        link: target(schema),
        says: says(schema),
    }
}

fn says(schema: &Value) -> String {
    let mut text = schema["description"].as_str().unwrap_or_default().to_owned();
    let limits = [
        ("minLength", "at least", " characters"),
        ("maxLength", "at most", " characters"),
        ("minItems", "at least", " items"),
        ("maxItems", "at most", " items"),
        ("minimum", "from", ""),
        ("maximum", "to", ""),
        ("default", "default", ""),
    ];
    let limits: Vec<String> = limits
        .iter()
        .filter(|(name, ..)| !schema[*name].is_null() && (*name != "minLength" || schema[*name] != 1))
        .map(|(name, words, unit)| format!("{words} {}{unit}", schema[*name]))
        .collect();
    if !limits.is_empty() {
        text = format!("{text} ({})", limits.join(", "));
    }
    markdown::inline(text.trim())
}

/// Returns a type in words: `string`, `list of Message`, `"text"`, `Message or null`.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        return name.to_owned();
    }
    if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return any.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    let of_list = || format!("list of {}", kind(&schema["items"]));
    let word = |word: &str| if word == "array" { of_list() } else { word.to_owned() };
    match &schema["type"] {
        Value::String(one) => match schema["format"].as_str() {
            Some(format) if one == "string" => format.to_owned(),
            _ => word(one),
        },
        Value::Array(several) => {
            let words = several.iter().filter_map(Value::as_str).map(word);
            words.collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

/// Returns the name of the schema that a schema refers to, alone, in a list, or beside null.
fn target(schema: &Value) -> Option<String> {
    let any = schema["oneOf"].as_array().into_iter().flatten();
    let places = [schema, &schema["items"]];
    places.into_iter().chain(any).find_map(named).map(str::to_owned)
}

fn named(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(SCHEMAS)
}
