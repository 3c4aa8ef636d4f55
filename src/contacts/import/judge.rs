//! The rules that the cells of an import are judged by.

use mainstay_phone::{PhoneError, Region, normalize, variants};

use super::{
    columns::ColumnTarget,
    field_values::{FieldCatalogue, canonical},
    read_row::{JudgedRow, RowRules, read_row},
    row_error::{RowError, RowErrorCode},
    rows::RawRow,
    spec::{ImportSpec, OnBadField},
};
use crate::contacts::write::profile;

/// What a file is judged by: its spec, and the tenant's custom fields.
pub(super) struct Judge<'a> {
    pub spec: &'a ImportSpec,
    pub fields: &'a FieldCatalogue,
}

impl Judge<'_> {
    /// Judges rows of which the first comes after `rows_before` others.
    pub fn all(&self, rows: &[RawRow], rows_before: i64) -> Vec<JudgedRow> {
        let country = self.spec.default_country.as_deref().and_then(Region::parse);
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
    variants(digits).next()
}

fn phone(text: &str, country: Option<Region>) -> Result<String, RowErrorCode> {
    normalize(text, country).map_err(|why| match why {
        PhoneError::Scientific => RowErrorCode::PhoneScientific,
        PhoneError::AmbiguousCountry => RowErrorCode::PhoneAmbiguousCountry,
        PhoneError::Characters | PhoneError::TooShort | PhoneError::TooLong | PhoneError::Unassigned => {
            RowErrorCode::PhoneInvalid
        }
    })
}

/// Returns the stored form of a language (`pt_BR`), a country (`BR`) or a time zone (`America/Sao_Paulo`).
fn locale(target: &ColumnTarget, text: &str) -> Result<String, RowErrorCode> {
    let text = text.to_owned();
    let found = match target {
        ColumnTarget::Language => profile::language(text),
        ColumnTarget::Country => profile::country(text),
        ColumnTarget::TimeZone => profile::time_zone(text),
        _ => return Err(RowErrorCode::InvalidValue),
    };
    found.map_err(|_| RowErrorCode::InvalidValue)
}
