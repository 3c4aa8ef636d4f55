//! Reads `error_data` of an error, as Meta answers it or reports it in a webhook. Meta documents an object with `details`; seen were also a
//! text in its place, and JSON in a text.

use serde_json::Value;

/// Returns the error details; `None` where there are none.
pub fn details(error_data: &Value) -> Option<String> {
    match error_data {
        Value::String(text) => details_of_text(text),
        other => said(other["details"].as_str()?),
    }
}

/// Returns the error details of an `error_data` that is a text: `details` of the JSON it holds, or else the text itself.
pub fn details_of_text(text: &str) -> Option<String> {
    let inside: Value = serde_json::from_str(text).unwrap_or_default();
    inside["details"].as_str().and_then(said).or_else(|| said(text))
}

/// Returns the error details of a status as Meta sent it.
pub fn of_status(payload: &str) -> Option<String> {
    let status: Value = serde_json::from_str(payload).ok()?;
    let error = status.get("errors")?.get(0)?;
    details(&error["error_data"]).or_else(|| error["details"].as_str().map(str::to_owned))
}

fn said(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_are_found_in_every_shape() {
        for (data, words) in [
            (
                json!({ "messaging_product": "whatsapp", "details": "No such number." }),
                Some("No such number."),
            ),
            (json!("No such number. "), Some("No such number.")),
            (json!("{\"details\":\"No such number.\"}"), Some("No such number.")),
            (json!("{\"blame\":\"to\"}"), Some("{\"blame\":\"to\"}")),
            (json!("{"), Some("{")),
            (json!({ "details": 7 }), None),
            (json!({}), None),
            (json!(" "), None),
            (json!(null), None),
        ] {
            assert_eq!(details(&data).as_deref(), words, "{data}");
        }
    }
}
