//! `user_preferences[]`: a person's wish about a kind of messages.

use chrono::{DateTime, Utc};

use super::batch::Beside;
use super::json::Json;
use super::{Change, Person, UnknownReason};

#[derive(Debug, Clone, PartialEq)]
pub struct Preference {
    pub person: Person,
    /// `marketing_messages` is the only one Meta documents.
    pub category: Option<String>,
    pub choice: PreferenceChoice,
    /// A sentence for people.
    pub detail: Option<String>,
    pub timestamp: Option<DateTime<Utc>>,
    pub raw: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreferenceChoice {
    Stop,
    Resume,
    /// As sent.
    Other(String),
}

pub(super) fn preference(beside: &Beside<'_>, json: &Json<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let mut person = Person::read(json.get("wa_id"), json.get("user_id"), json.get("parent_user_id"));
    // A wish must not be laid at the wrong door: in a batch, it has to say whose it is.
    if !person.is_anonymous() || beside.only_element {
        person.join(beside.contacts, beside.only_element);
    }
    let choice = match json.get("value").str() {
        Some("stop") => PreferenceChoice::Stop,
        Some("resume") => PreferenceChoice::Resume,
        Some(other) => PreferenceChoice::Other(other.to_owned()),
        None => return Err(UnknownReason::MissingEssentials),
    };
    if person.is_anonymous() {
        return Err(UnknownReason::MissingEssentials);
    }
    Ok(Change::Preference(Preference {
        person,
        category: json.get("category").text(),
        choice,
        detail: json.get("detail").text(),
        timestamp: json.get("timestamp").time().or(beside.time),
        raw: raw.to_owned(),
    }))
}
