//! A file to begin with: every column that an import knows, with a row as an example.

use super::{
    columns::FIELD_PREFIX,
    field_values::{FieldCatalogue, FieldRule},
};
use crate::{contacts::csv::CsvWriter, domain::FieldType};

/// Returns a CSV file with all columns, the tenant's custom fields among them.
pub(crate) fn sample(fields: &FieldCatalogue) -> Vec<u8> {
    let own = [
        ("phone", "+14155552671"),
        ("external_id", "C-1001"),
        ("name", "Inés Moreno"),
        ("language", "es"),
        ("country", "US"),
        ("time_zone", "America/Los_Angeles"),
        ("tags", "vip,spring"),
        ("lists", "newsletter"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let custom = fields
        .iter()
        .map(|(key, rule)| (format!("{FIELD_PREFIX}{key}"), example(rule)));
    let (names, values): (Vec<String>, Vec<String>) = own.into_iter().chain(custom).unzip();
    // It is to be read as it stands.
    let mut csv = CsvWriter::new(false);
    csv.row(names.iter().map(String::as_str));
    csv.row(values.iter().map(String::as_str));
    csv.take()
}

fn example(rule: &FieldRule) -> String {
    match rule.kind {
        FieldType::Text => "text".to_owned(),
        FieldType::Number => "12.5".to_owned(),
        FieldType::Boolean => "true".to_owned(),
        FieldType::Date => "2026-11-30".to_owned(),
        FieldType::Datetime => "2026-11-30T12:00:00Z".to_owned(),
        FieldType::Choice => rule.choices.first().cloned().unwrap_or_default(),
    }
}
