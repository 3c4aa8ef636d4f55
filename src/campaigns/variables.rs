//! Values of a template's variables for a contact.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    error::{CampaignError, CampaignResult},
    spec::{CampaignSpec, CampaignVariable},
};
use crate::{contacts::segments::language::FilterCatalogue, records::contacts::Contact, templates::schema::Variables};

/// Maximum length of a value, in characters: as much as a body may take.
const MAX_VALUE: usize = 1_024;
const CUSTOM: &str = "fields.";
const ROW: &str = "row.";
/// Longest heading of a column, in characters.
const MAX_HEADING: usize = 100;
const FIELDS: [&str; 8] = [
    "name",
    "given_name",
    "profile_name",
    "phone",
    "external_id",
    "language",
    "country",
    "time_zone",
];

/// The cells of a row by the headings of their columns.
pub(super) type RowValues = BTreeMap<String, String>;

impl CampaignVariable {
    fn check(&self, known: &FilterCatalogue) -> Result<(), String> {
        match (&self.field, &self.value) {
            (Some(_), Some(_)) | (None, None) => return Err("give a field or a value".to_owned()),
            (None, Some(_)) if self.fallback.is_some() => return Err("a value needs no fallback".to_owned()),
            (None, Some(_)) => return Ok(()),
            (Some(field), None) if field.starts_with(ROW) => {
                let length = field.chars().count() - ROW.len();
                if !(1..=MAX_HEADING).contains(&length) {
                    return Err(format!(
                        "after row. it has the heading of a column, of 1 to {MAX_HEADING} characters"
                    ));
                }
            }
            (Some(field), None) => match field.strip_prefix(CUSTOM) {
                Some(key) if !known.has_field(key) => return Err(format!("there is no custom field {key}")),
                None if !FIELDS.contains(&field.as_str()) => {
                    return Err(format!(
                        "{field} is no field; there are {}, fields.KEY, and row.HEADING",
                        FIELDS.join(", ")
                    ));
                }
                _ => {}
            },
        }
        match &self.fallback {
            Some(text) if clean(text).is_none() => Err("the fallback is empty".to_owned()),
            _ => Ok(()),
        }
    }

    /// Returns the heading of the column of the campaign's rows that it takes.
    pub(super) fn column(&self) -> Option<&str> {
        self.field.as_deref()?.strip_prefix(ROW)
    }

    fn of(&self, contact: &Contact, phone: Option<&str>, row: Option<&RowValues>) -> Option<Value> {
        if let Some(value) = &self.value {
            return Some(value.clone());
        }
        let profile = &contact.profile;
        let found = match self.field.as_deref()? {
            "name" => contact.shown_name().map(str::to_owned),
            "given_name" => profile.given_name.clone(),
            "profile_name" => contact.name.clone(),
            "phone" => phone.map(|digits| format!("+{digits}")),
            "external_id" => profile.external_id.clone(),
            "language" => profile.language.clone(),
            "country" => profile.country.clone(),
            "time_zone" => profile.time_zone.clone(),
            other => match other.strip_prefix(ROW) {
                Some(heading) => row.and_then(|row| row.get(heading)).cloned(),
                None => profile.fields.0.get(other.strip_prefix(CUSTOM)?).cloned(),
            },
        };
        let found = found.as_deref().and_then(clean);
        let fallback = || self.fallback.as_deref().and_then(clean);
        found.or_else(fallback).map(Value::String)
    }
}

impl CampaignSpec {
    pub(super) fn check_variables(&self, known: &FilterCatalogue) -> CampaignResult<()> {
        for (key, variable) in &self.variables {
            let invalid = |why: String| CampaignError::invalid(format!("variables.{key}"), why);
            variable.check(known).map_err(invalid)?;
            if variable.column().is_some() && !self.audience.rows && self.retry_of.is_none() {
                return Err(invalid(
                    "it names a column of rows: say `rows` in the audience".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Returns whether a variable names a column of rows.
    pub(super) fn reads_rows(&self) -> bool {
        self.variables.values().any(|it| it.column().is_some())
    }

    /// Returns the values of all variables for a contact; or else the key of one that has none.
    pub(super) fn values(
        &self,
        contact: &Contact,
        phone: Option<&str>,
        row: Option<&RowValues>,
    ) -> Result<Variables, String> {
        let value = |(key, variable): (&String, &CampaignVariable)| match variable.of(contact, phone, row) {
            Some(value) => Ok((key.clone(), value)),
            None => Err(key.clone()),
        };
        self.variables.iter().map(value).collect()
    }
}

/// Brings a value into the form that Meta takes: no line breaks, no tabs, no more than one blank in a row. `None` if nothing is left.
fn clean(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined: String = words.join(" ").chars().take(MAX_VALUE).collect();
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_form_that_meta_takes() {
        for (text, form) in [
            ("  Ana  María ", Some("Ana María")),
            ("two\nlines\tand tabs", Some("two lines and tabs")),
            (" \n\t ", None),
            ("", None),
        ] {
            assert_eq!(clean(text).as_deref(), form, "{text:?}");
        }
        assert_eq!(clean(&"x".repeat(2_000)).map(|it| it.len()), Some(MAX_VALUE));
    }
}
