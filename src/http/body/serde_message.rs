//! Rewrites serde's messages about an invalid member for the author of a request, without names of Rust types.

/// What chrono says of a text that is no time.
const NO_TIME: &[&str] = &[
    "input is out of range",
    "no possible date and time matching input",
    "input is not enough for unique date and time",
    "input contains invalid characters",
    "premature end of input",
    "trailing input",
];

/// Rewrites a message of serde's. Messages of our own types stay as they are.
pub(crate) fn rewrite(words: &str) -> String {
    if let Some(rest) = words.strip_prefix("unknown field ") {
        return match expected_names(rest) {
            Some(expected_names) => format!("is not known here; there are {expected_names}"),
            None => "is not known here".to_owned(),
        };
    }
    if NO_TIME.contains(&words) {
        return "must be a time with its zone, such as 2026-12-24T08:00:00Z or 2026-12-24T09:00:00+01:00".to_owned();
    }
    if words.starts_with("missing field ") {
        return "is missing".to_owned();
    }
    if words.starts_with("duplicate field ") {
        return "is given twice".to_owned();
    }
    if let Some(expected_names) = words.strip_prefix("unknown variant ").and_then(expected_names) {
        return format!("must be one of {expected_names}");
    }
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    let rest = kinds.iter().find_map(|kind| words.strip_prefix(kind));
    match rest.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => format!(
            "must be {}; this is {}",
            describe_expected(expected),
            describe_found(found)
        ),
        None => words.to_owned(),
    }
}

/// Returns the names after `expected`, one or several.
fn expected_names(rest: &str) -> Option<String> {
    let (_, expected) = rest.split_once("`, expected ")?;
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Describes what was expected.
fn describe_expected(expected: &str) -> String {
    // serde counts the elements where it found a list in place of an object.
    let expected = expected
        .split(" with ")
        .next()
        .filter(|_| is_counted(expected))
        .unwrap_or(expected);
    match expected {
        "a string" | "a borrowed string" | "string" | "string or map" | "variant identifier" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" | "u64" | "usize" => "a whole number that is not negative".to_owned(),
        program if program.starts_with("enum ") => "text".to_owned(),
        program
            if ["struct ", "tuple struct ", "unit struct "]
                .iter()
                .any(|it| program.starts_with(it)) =>
        {
            "an object".to_owned()
        }
        program if program.contains(" enum ") => "an object".to_owned(),
        words => words.to_owned(),
    }
}

/// Returns whether the text ends as serde ends what it expects of a list: `with 3 elements`.
fn is_counted(expected: &str) -> bool {
    let count = expected.rsplit(" with ").next().unwrap_or_default();
    let count = count
        .strip_suffix(" elements")
        .or_else(|| count.strip_suffix(" element"));
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Describes what was found, without its content, which may be long or secret.
fn describe_found(found: &str) -> &'static str {
    let is = |start: &str| found.starts_with(start);
    match found {
        _ if is("string") || is("character") => "text",
        _ if is("integer") || is("floating point") => "another number",
        _ if is("boolean") => "true or false",
        _ if is("null") || is("unit") || is("Option") => "null",
        _ if is("map") => "an object",
        _ => "a list",
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        name: String,
        flag: Option<bool>,
        count: Option<u8>,
        list: Option<Vec<String>>,
        inner: Option<Inner>,
        told: Option<Told>,
        word: Option<Word>,
        tagged: Option<Tagged>,
        at: Option<chrono::DateTime<chrono::Utc>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Inner {
        id: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(expecting = "an object with id")]
    #[expect(dead_code, reason = "it is only read")]
    struct Told {
        id: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Sent,
        Read,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    #[expect(dead_code, reason = "it is only read")]
    enum Tagged {
        Text { body: String },
    }

    #[test]
    fn no_word_of_the_program_is_left() {
        let named = |more: Value| {
            let mut value = json!({ "name": "x" });
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        for (value, words) in [
            (json!({}), "is missing"),
            (json!({ "name": 1 }), "must be text; this is another number"),
            (json!([]), "must be an object; this is a list"),
            (json!("x"), "must be an object; this is text"),
            (named(json!({ "flag": "yes" })), "must be true or false; this is text"),
            (
                named(json!({ "count": 1_000 })),
                "must be a whole number from 0 to 255; this is another number",
            ),
            (named(json!({ "list": {} })), "must be a list; this is an object"),
            (named(json!({ "inner": "x" })), "must be an object; this is text"),
            (
                named(json!({ "inner": { "ident": "x" } })),
                "is not known here; there are id",
            ),
            (named(json!({ "told": "x" })), "must be an object with id; this is text"),
            (
                named(json!({ "told": [] })),
                "must be an object with id; this is a list",
            ),
            (
                named(json!({ "at": "tomorrow" })),
                "must be a time with its zone, such as 2026-12-24T08:00:00Z or 2026-12-24T09:00:00+01:00",
            ),
            (
                named(json!({ "at": "2026-12-24T08:00:00" })),
                "must be a time with its zone, such as 2026-12-24T08:00:00Z or 2026-12-24T09:00:00+01:00",
            ),
            (named(json!({ "word": "gone" })), "must be one of sent, read"),
            (named(json!({ "word": 7 })), "must be text; this is another number"),
            (named(json!({ "tagged": "x" })), "must be an object; this is text"),
            (named(json!({ "tagged": {} })), "is missing"),
            (named(json!({ "tagged": { "type": "film" } })), "must be one of text"),
            (
                named(json!({ "tagged": { "type": "text", "body": null } })),
                "must be text; this is null",
            ),
        ] {
            let error = serde_json::from_value::<Outer>(value.clone()).unwrap_err().to_string();
            assert_eq!(rewrite(&error), words, "{value}: {error}");
        }
        assert_eq!(rewrite("expected a time"), "expected a time");
    }
}
