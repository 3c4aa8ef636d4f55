//! Applies changes to a profile, checked.

use serde_json::Value;

use super::{Given, ProfileUpdate};
use crate::{
    contacts::{ContactError, ContactResult, fields, store::fields::ContactField, text::clean},
    records::contacts::Profile,
};

/// Characters of a name and of an external id.
const NAME_LENGTH: usize = 200;
/// Bytes of all custom fields of a contact, as JSON.
const FIELDS_SIZE: usize = 16 * 1024;

/// Applies the changes. Returns the names of the members that differ now; custom fields as `fields.key`.
pub(super) fn apply(
    profile: &mut Profile,
    change: &ProfileUpdate,
    fields: &[ContactField],
) -> ContactResult<Vec<String>> {
    let mut changed = Vec::new();
    let mut set = |name: &str, mine: &mut Option<String>, given: ContactResult<Given>| {
        if let Some(value) = given?
            && *mine != value
        {
            *mine = value;
            changed.push(name.to_owned());
        }
        Ok::<(), ContactError>(())
    };
    set(
        "given_name",
        &mut profile.given_name,
        short("given_name", &change.given_name),
    )?;
    set(
        "external_id",
        &mut profile.external_id,
        short("external_id", &change.external_id),
    )?;
    set("language", &mut profile.language, checked(&change.language, language))?;
    set("country", &mut profile.country, checked(&change.country, country))?;
    set(
        "time_zone",
        &mut profile.time_zone,
        checked(&change.time_zone, time_zone),
    )?;
    for (key, value) in &change.fields {
        let name = format!("fields.{key}");
        let known = fields.iter().find(|it| it.key == *key && it.archived_at.is_none());
        let field = known.ok_or_else(|| ContactError::invalid(&name, "there is no such field: create it first"))?;
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(ContactError::invalid(name, "write a text, a number or a boolean"));
            }
        };
        let value =
            fields::canonical(field.kind, &field.choices(), &text).map_err(|why| ContactError::invalid(&name, why))?;
        let before = match &value {
            Some(value) => profile.fields.0.insert(key.clone(), value.clone()),
            None => profile.fields.0.remove(key),
        };
        if before != value {
            changed.push(name);
        }
    }
    let size: usize = profile
        .fields
        .0
        .iter()
        .map(|(key, value)| key.len() + value.len() + 6)
        .sum();
    if size > FIELDS_SIZE {
        return Err(ContactError::invalid(
            "fields",
            format!("all together have at most {FIELDS_SIZE} bytes"),
        ));
    }
    Ok(changed)
}

/// Returns a text of limited length; an empty one clears the member.
fn short(name: &'static str, given: &Given) -> ContactResult<Given> {
    let too_long = given.iter().flatten().any(|text| text.chars().count() > NAME_LENGTH);
    checked(given, |text| match !too_long && !text.contains('\n') {
        true => Ok(text),
        false => Err(ContactError::invalid(
            name,
            format!("write at most {NAME_LENGTH} characters on one line"),
        )),
    })
}

fn checked(given: &Given, check: impl Fn(String) -> ContactResult<String>) -> ContactResult<Given> {
    let Some(given) = given else { return Ok(None) };
    let text = given.as_deref().map(clean).filter(|it| !it.is_empty());
    Ok(Some(text.map(check).transpose()?))
}

/// Checks the form of a language: `en`, `pt_BR` or `pt-BR`, written with a line below.
pub(crate) fn language(text: String) -> ContactResult<String> {
    let parts: Vec<&str> = text.split(['_', '-']).collect();
    let is_language = |it: &str| (2..=3).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_region = |it: &str| (2..=4).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match parts.as_slice() {
        [one] if is_language(one) => Ok(one.to_lowercase()),
        [one, region] if is_language(one) && is_region(region) => {
            Ok(format!("{}_{}", one.to_lowercase(), region.to_uppercase()))
        }
        _ => Err(ContactError::invalid("language", "write it like en or pt_BR")),
    }
}

/// Checks a country: two letters of ISO 3166.
pub(crate) fn country(text: String) -> ContactResult<String> {
    match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(text.to_uppercase()),
        false => Err(ContactError::invalid(
            "country",
            "write the two letters of the country, such as DE",
        )),
    }
}

/// Checks the name of a time zone.
pub(crate) fn time_zone(text: String) -> ContactResult<String> {
    match text.parse::<chrono_tz::Tz>() {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(_) => Err(ContactError::invalid("time_zone", "write it like Europe/Berlin")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::FieldType;

    fn field(key: &str, kind: FieldType) -> ContactField {
        ContactField {
            key: key.to_owned(),
            label: key.to_owned(),
            kind,
            choices: None,
            position: 0,
            created_at: chrono::DateTime::UNIX_EPOCH,
            created_by: "operator".to_owned(),
            archived_at: None,
        }
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let fields = [field("age", FieldType::Number), field("city", FieldType::Text)];
        let mut profile = Profile::default();
        let mut change = ProfileUpdate {
            given_name: Some(Some(" Ana ".into())),
            language: Some(Some("pt-br".into())),
            country: Some(Some("br".into())),
            time_zone: Some(Some("America/Sao_Paulo".into())),
            fields: vec![("age".into(), json!(30)), ("city".into(), json!("Pune"))],
            ..ProfileUpdate::default()
        };
        let changed = apply(&mut profile, &change, &fields).unwrap();
        assert_eq!(
            changed,
            [
                "given_name",
                "language",
                "country",
                "time_zone",
                "fields.age",
                "fields.city"
            ]
        );
        assert_eq!(profile.language.as_deref(), Some("pt_BR"));
        assert!(apply(&mut profile, &change, &fields).unwrap().is_empty());
        change.fields = vec![("city".into(), Value::Null)];
        assert_eq!(apply(&mut profile, &change, &fields).unwrap(), ["fields.city"]);
        assert_eq!(profile.fields.0.len(), 1);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let fields = [field("age", FieldType::Number)];
        let refused = |change: ProfileUpdate| match apply(&mut Profile::default(), &change, &fields) {
            Err(ContactError::Invalid { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        let one = |key: &str, value| ProfileUpdate {
            fields: vec![(key.to_owned(), value)],
            ..ProfileUpdate::default()
        };
        assert_eq!(refused(one("age", json!("old"))), "fields.age");
        assert_eq!(refused(one("shoe", json!("42"))), "fields.shoe");
        assert_eq!(refused(one("age", json!([1]))), "fields.age");
        let country = Some(Some("Germany".to_owned()));
        assert_eq!(
            refused(ProfileUpdate {
                country,
                ..ProfileUpdate::default()
            }),
            "country"
        );
        let time_zone = Some(Some("Berlin".to_owned()));
        assert_eq!(
            refused(ProfileUpdate {
                time_zone,
                ..ProfileUpdate::default()
            }),
            "time_zone"
        );
    }
}
