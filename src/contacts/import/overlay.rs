//! What a row makes of a contact's profile.

use super::{columns::FIELD_PREFIX, read_row::ImportedRow, spec::OnExisting};
use crate::records::contacts::Profile;

/// Most bytes of all custom fields of a contact, as JSON.
const MAX_FIELD_BYTES: usize = 16 * 1_024;

/// The custom fields of a contact would be larger than they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldsTooLarge;

/// A profile that a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangedProfile {
    pub profile: Profile,
    /// Names of the members that differ now; custom fields as `fields.key`.
    pub members: Vec<String>,
}

/// Returns the profile with the values of a row; `None` if that is the same.
pub(super) fn overlay(
    profile: &Profile,
    row: &ImportedRow,
    policy: OnExisting,
) -> Result<Option<ChangedProfile>, FieldsTooLarge> {
    let mut new = profile.clone();
    let mut members = Vec::new();
    let replaces = policy == OnExisting::Update;
    let mut set = |name: &str, mine: &mut Option<String>, given: &Option<String>| {
        if given.is_some() && (mine.is_none() || replaces) && mine != given {
            mine.clone_from(given);
            members.push(name.to_owned());
        }
    };
    set("given_name", &mut new.given_name, &row.name);
    set("external_id", &mut new.external_id, &row.external_id);
    set("language", &mut new.language, &row.language);
    set("country", &mut new.country, &row.country);
    set("time_zone", &mut new.time_zone, &row.time_zone);
    for (key, value) in &row.fields {
        let mine = new.fields.0.get(key);
        if (mine.is_none() || replaces) && mine != Some(value) {
            new.fields.0.insert(key.clone(), value.clone());
            members.push(format!("{FIELD_PREFIX}{key}"));
        }
    }
    let bytes: usize = new
        .fields
        .0
        .iter()
        .map(|(key, value)| key.len() + value.len() + 6)
        .sum();
    match members.is_empty() {
        true => Ok(None),
        false if bytes > MAX_FIELD_BYTES => Err(FieldsTooLarge),
        false => Ok(Some(ChangedProfile { profile: new, members })),
    }
}
