//! What serde says of a member that will not do, in words for whoever wrote the request: none of ours, none of the program's.

/// The same in plain words. What a type of ours says by itself stays as it is.
pub fn plain(words: &str) -> String {
    if let Some(rest) = words.strip_prefix("unknown field ") {
        return match known(rest) {
            Some(known) => format!("is not known here; there are {known}"),
            None => "is not known here".to_owned(),
        };
    }
    if words.starts_with("missing field ") {
        return "is missing".to_owned();
    }
    if words.starts_with("duplicate field ") {
        return "is given twice".to_owned();
    }
    if let Some(known) = words.strip_prefix("unknown variant ").and_then(known) {
        return format!("must be one of {known}");
    }
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    let rest = kinds.iter().find_map(|kind| words.strip_prefix(kind));
    match rest.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => format!("must be {}; this is {}", wanted(expected), given(found)),
        None => words.to_owned(),
    }
}

/// The names after `expected`, one of them or several.
fn known(rest: &str) -> Option<String> {
    let (_, expected) = rest.split_once("`, expected ")?;
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What it has to be.
fn wanted(expected: &str) -> String {
    // A list in the place of an object is counted.
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

/// Whether it ends as serde ends what it expects of a list.
fn is_counted(expected: &str) -> bool {
    let count = expected.rsplit(" with ").next().unwrap_or_default();
    let count = count
        .strip_suffix(" elements")
        .or_else(|| count.strip_suffix(" element"));
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What it is, without its content, which may be long or secret.
fn given(found: &str) -> &'static str {
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
            assert_eq!(plain(&error), words, "{value}: {error}");
        }
        assert_eq!(plain("expected a time"), "expected a time");
    }
}
