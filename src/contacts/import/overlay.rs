//! What a row makes of a contact's profile.

use super::{read_row::ImportedRow, spec::OnExisting};
use crate::records::contacts::Profile;

/// Most bytes of the keys and values of a contact's custom fields.
const MAX_FIELD_BYTES: usize = 16 * 1_024;

/// The custom fields of a contact would be larger than they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldsTooLarge;

/// Returns the profile with the values of a row; `None` if that is the same.
pub(super) fn overlay(
    profile: &Profile,
    row: &ImportedRow,
    policy: OnExisting,
) -> Result<Option<Profile>, FieldsTooLarge> {
    let mut new = profile.clone();
    let set = |mine: &mut Option<String>, given: &Option<String>| {
        if given.is_some() && (mine.is_none() || policy == OnExisting::Update) {
            mine.clone_from(given);
        }
    };
    set(&mut new.given_name, &row.name);
    set(&mut new.external_id, &row.external_id);
    set(&mut new.language, &row.language);
    set(&mut new.country, &row.country);
    set(&mut new.time_zone, &row.time_zone);
    for (key, value) in &row.fields {
        if policy == OnExisting::Update || !new.fields.0.contains_key(key) {
            new.fields.0.insert(key.clone(), value.clone());
        }
    }
    let bytes: usize = new.fields.0.iter().map(|(key, value)| key.len() + value.len()).sum();
    match new == *profile {
        true => Ok(None),
        false if bytes > MAX_FIELD_BYTES => Err(FieldsTooLarge),
        false => Ok(Some(new)),
    }
}
