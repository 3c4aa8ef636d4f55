//! Values of custom fields. They are stored as texts whatever their type, in one form each, so that both databases compare them alike.

use chrono::{DateTime, NaiveDate, SecondsFormat};

use crate::{
    contacts::text::{VALUE_LENGTH, clean},
    domain::{FieldType, is_storable},
};

/// Digits of a number that SQLite compares exactly.
const DIGITS: usize = 15;

/// Why a value does not fit a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldProblem {
    #[error("{0:?} is not a {1}: {2}")]
    Type(String, FieldType, &'static str),
    #[error("{0:?} is not one of the choices: {1}")]
    Choice(String, String),
    #[error("a value has at most {VALUE_LENGTH} characters")]
    TooLong,
}

/// Returns the form in which a value of this type is stored; `None` for an empty one, which stands for no value.
pub(crate) fn canonical(kind: FieldType, choices: &[String], text: &str) -> Result<Option<String>, FieldProblem> {
    let text = clean(text);
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > VALUE_LENGTH {
        return Err(FieldProblem::TooLong);
    }
    let wrong = |why| FieldProblem::Type(shown(&text), kind, why);
    let form = match kind {
        FieldType::Text => Some(text.clone()),
        FieldType::Number => {
            Some(number(&text).ok_or_else(|| wrong("write it like 12 or -3.5, with at most 15 digits"))?)
        }
        FieldType::Boolean => Some(boolean(&text).ok_or_else(|| wrong("write true or false"))?.to_owned()),
        FieldType::Date => Some(date(&text).ok_or_else(|| wrong("write it like 2026-11-30"))?),
        FieldType::Datetime => Some(datetime(&text).ok_or_else(|| wrong("write it like 2026-11-30T12:00:00Z"))?),
        FieldType::Choice => {
            let chosen = choices.iter().find(|it| it.to_lowercase() == text.to_lowercase());
            Some(
                chosen
                    .ok_or_else(|| FieldProblem::Choice(shown(&text), choices.join(", ")))?
                    .clone(),
            )
        }
    };
    Ok(form)
}

/// Returns the beginning of a value, for an error.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Returns a number without leading and trailing zeros: `007.50` is `7.5`.
fn number(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || (digits.contains('.') && fraction.is_empty()) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if whole.len() + fraction.len() > DIGITS {
        return None;
    }
    let sign = if negative && !(whole.is_empty() && fraction.is_empty()) {
        "-"
    } else {
        ""
    };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

fn boolean(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Some("true"),
        "false" | "no" | "0" => Some("false"),
        _ => None,
    }
}

fn date(text: &str) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let is_written_out = text.len() == 10 && is_storable(date.and_hms_opt(0, 0, 0)?.and_utc());
    is_written_out.then(|| date.format("%Y-%m-%d").to_string())
}

fn datetime(text: &str) -> Option<String> {
    let given = DateTime::parse_from_rfc3339(text).ok()?;
    // A leap second is the second before it, as the databases have it.
    let time = DateTime::from_timestamp(given.timestamp(), 0)?;
    is_storable(time).then(|| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: FieldType, text: &str) -> Option<String> {
        canonical(kind, &["Gold".into(), "Silver".into()], text).ok().flatten()
    }

    #[test]
    fn each_type_has_one_form_of_a_value() {
        for (kind, text, stored) in [
            (FieldType::Text, " Pune ", Some("Pune")),
            (FieldType::Number, "007.50", Some("7.5")),
            (FieldType::Number, "-0.0", Some("0")),
            (FieldType::Number, "-3", Some("-3")),
            (FieldType::Number, "123456789012345", Some("123456789012345")),
            (FieldType::Number, "1234567890123456", None),
            (FieldType::Number, "1e5", None),
            (FieldType::Number, "1,5", None),
            (FieldType::Number, "5.", None),
            (FieldType::Boolean, "YES", Some("true")),
            (FieldType::Boolean, "maybe", None),
            (FieldType::Date, "2026-11-30", Some("2026-11-30")),
            (FieldType::Date, "30.11.2026", None),
            (FieldType::Date, "2026-02-30", None),
            (
                FieldType::Datetime,
                "2026-11-30T12:00:00+05:30",
                Some("2026-11-30T06:30:00Z"),
            ),
            (
                FieldType::Datetime,
                "2026-06-30T23:59:60Z",
                Some("2026-06-30T23:59:59Z"),
            ),
            (FieldType::Datetime, "2026-11-30", None),
            (FieldType::Choice, "gold", Some("Gold")),
            (FieldType::Choice, "bronze", None),
            (FieldType::Text, "  ", None),
        ] {
            assert_eq!(form(kind, text).as_deref(), stored, "{kind} {text:?}");
        }
    }

    #[test]
    fn a_long_value_is_refused() {
        assert_eq!(
            canonical(FieldType::Text, &[], &"x".repeat(1_001)),
            Err(FieldProblem::TooLong)
        );
        assert!(canonical(FieldType::Text, &[], &"x".repeat(1_000)).is_ok());
    }
}
