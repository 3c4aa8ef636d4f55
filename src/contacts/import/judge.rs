//! The rules that the cells of an import are judged by.

use std::str::FromStr;

use super::{
    columns::ColumnTarget,
    field_values::{FieldCatalogue, canonical},
    read_row::{JudgedRow, RowRules, read_row},
    row_error::{RowError, RowErrorCode},
    rows::RawRow,
    spec::{ImportSpec, OnBadField},
};

/// What a file is judged by: its spec, and the tenant's custom fields.
pub(super) struct Judge<'a> {
    pub spec: &'a ImportSpec,
    pub fields: &'a FieldCatalogue,
}

impl Judge<'_> {
    /// Judges rows of which the first comes after `rows_before` others.
    pub fn all(&self, rows: &[RawRow], rows_before: i64) -> Vec<JudgedRow> {
        let country = self.spec.default_country.as_deref();
        let phone = |text: &str| phone(text, country);
        let field = |key: &str, text: &str| canonical(self.fields, key, text);
        let rules = RowRules {
            encoding: self.spec.format().encoding,
            columns: &self.spec.columns,
            width: self.spec.width,
            phone: &phone,
            field: &field,
            locale: &locale,
            drops_bad_cells: self.spec.policies.on_bad_field == OnBadField::Drop,
        };
        let numbered = (rows_before..).zip(rows);
        numbered
            .map(|(before, row)| {
                let number = self.spec.row_number(before);
                match row.is_blank() {
                    true => JudgedRow {
                        row: None,
                        errors: vec![RowError::new(number, RowErrorCode::Blank, "", "")],
                    },
                    false => read_row(row, number, &rules),
                }
            })
            .collect()
    }
}

/// Returns the other way to write a phone number that may be the same person's.
pub(super) fn other_phone(digits: &str) -> Option<String> {
    let _ = digits;
    None
}

fn phone(text: &str, _country: Option<&str>) -> Result<String, RowErrorCode> {
    if text.contains(['e', 'E']) {
        return Err(RowErrorCode::PhoneScientific);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match (text.starts_with('+'), digits.len()) {
        (true, 7..=15) => Ok(digits),
        (false, 7..=15) => Err(RowErrorCode::PhoneAmbiguousCountry),
        _ => Err(RowErrorCode::PhoneInvalid),
    }
}

/// Returns the canonical form of a language (`pt_BR`), a country (`BR`) or a time zone (`America/Sao_Paulo`).
fn locale(target: &ColumnTarget, text: &str) -> Result<String, RowErrorCode> {
    let found = match target {
        ColumnTarget::Language => language(text),
        ColumnTarget::Country => country(text),
        ColumnTarget::TimeZone => chrono_tz::Tz::from_str(text).ok().map(|zone| zone.name().to_owned()),
        _ => None,
    };
    found.ok_or(RowErrorCode::InvalidValue)
}

/// Returns whether a text is a country's two letters.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn country(text: &str) -> Option<String> {
    is_country(text).then(|| text.to_ascii_uppercase())
}

fn language(text: &str) -> Option<String> {
    let (language, region) = match text.split_once(['-', '_']) {
        Some((language, region)) => (language, Some(region)),
        None => (text, None),
    };
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = is_language.then(|| language.to_ascii_lowercase())?;
    match region {
        None => Some(language),
        Some(region) => Some(format!("{language}_{}", country(region)?)),
    }
}
