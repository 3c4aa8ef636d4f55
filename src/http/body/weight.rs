//! Estimates the memory that a JSON text takes once parsed.

use axum::http::StatusCode;

use crate::http::problem::Problem;

/// Maximum number of values of one JSON text: objects, lists, texts, numbers and so on, unless an operation takes more. The largest message
/// that Meta takes, 257 contact cards, has some 8,000.
pub(crate) const MOST_VALUES: usize = 10_000;
/// Maximum bytes of an object in memory, beside its members: a node of a `BTreeMap` and a list of pairs.
const OBJECT: usize = 768;
/// Maximum bytes of a value in memory, beside its text: 32 twice, in lists that grow to twice their length.
const VALUE: usize = 128;

/// Returns the maximum memory of a JSON text once parsed, in bytes, beside the text itself. Linear in its length.
///
/// # Errors
/// 422 for more than [`MOST_VALUES`] values. The weight of invalid JSON is arbitrary.
pub(crate) fn weight(read_json: &[u8]) -> Result<usize, Problem> {
    weight_up_to(read_json, MOST_VALUES)
}

/// As [`weight`], for a text of at most so many values.
pub(super) fn weight_up_to(read_json: &[u8], most: usize) -> Result<usize, Problem> {
    let (mut objects, mut values) = (0, 1);
    let mut bytes = read_json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b'{' => {
                objects += 1;
                values += 1;
            }
            b'[' | b',' => values += 1,
            _ => {}
        }
    }
    if values > most {
        return Err(too_many(most));
    }
    Ok(objects * OBJECT + values * VALUE)
}

fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

fn too_many(most: usize) -> Problem {
    let detail =
        format!("The body holds more than {most} values (objects, lists, texts, numbers); nothing here has so many.");
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too-many-values",
        "Too many values in the request body",
        detail,
    );
    problem.with_limit(most as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_texts_are_not_looked_into() {
        for (text, objects, values) in [
            ("0", 0, 1),
            (r#"{"a":0}"#, 1, 2),
            ("[0,0,0]", 0, 4),
            (r#"["{[,", "\\\"{[,", ""]"#, 0, 4),
            (r#"[{"a":[]},{}]"#, 2, 6),
            (r#""no end \"#, 0, 1),
            (r#""no end"#, 0, 1),
        ] {
            assert_eq!(
                weight(text.as_bytes()).unwrap(),
                objects * OBJECT + values * VALUE,
                "{text}"
            );
        }
    }

    #[test]
    fn too_many_values_are_refused() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert!(weight(list(MOST_VALUES - 1).as_bytes()).is_ok());
        let refused = weight(list(MOST_VALUES).as_bytes()).unwrap_err();
        let body = serde_json::to_value(refused.body()).unwrap();
        assert_eq!((&body["status"], &body["limit"]), (&422.into(), &MOST_VALUES.into()));
    }
}
