//! Values of custom fields, as they are stored: texts, whatever the type of the field.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::row_error::RowErrorCode;
use crate::domain::FieldType;

/// The custom fields in use, by key.
pub(crate) type FieldCatalogue = BTreeMap<String, FieldRule>;

/// A custom field, as far as its values are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldRule {
    pub kind: FieldType,
    /// Of a choice.
    pub choices: Vec<String>,
}

/// Most significant digits of a number: SQLite compares numbers as 64-bit floats.
const MAX_DIGITS: usize = 15;

/// Returns a value of a field in its canonical form.
pub(crate) fn canonical(fields: &FieldCatalogue, key: &str, text: &str) -> Result<String, RowErrorCode> {
    let field = fields.get(key).ok_or(RowErrorCode::FieldType)?;
    let found = match field.kind {
        FieldType::Text => Some(text.to_owned()),
        FieldType::Number => number(text),
        FieldType::Boolean => boolean(text),
        FieldType::Date => date(text),
        FieldType::Datetime => instant(text),
        FieldType::Choice => {
            let chosen = field.choices.iter().find(|it| it.to_lowercase() == text.to_lowercase());
            return chosen.cloned().ok_or(RowErrorCode::FieldChoice);
        }
    };
    found.ok_or(RowErrorCode::FieldType)
}

fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() + fraction.len() > MAX_DIGITS {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    match (whole, fraction) {
        ("0", "") => Some("0".to_owned()),
        (whole, "") => Some(format!("{sign}{whole}")),
        (whole, fraction) => Some(format!("{sign}{whole}.{fraction}")),
    }
}

fn boolean(text: &str) -> Option<String> {
    let known = match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => "true",
        "false" | "no" | "n" | "0" => "false",
        _ => return None,
    };
    Some(known.to_owned())
}

fn date(text: &str) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let shown = date.format("%Y-%m-%d").to_string();
    (shown.len() == 10).then_some(shown)
}

fn instant(text: &str) -> Option<String> {
    let at: DateTime<Utc> = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    crate::domain::is_storable(at).then(|| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Reads a stored custom field.
pub(super) fn rule((key, kind, choices): (String, FieldType, Option<String>)) -> (String, FieldRule) {
    let choices = choices
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    (key, FieldRule { kind, choices })
}
