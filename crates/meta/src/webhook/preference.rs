//! `user_preferences[]`: a user's choice about a category of messages.

use chrono::{DateTime, Utc};

use super::batch::ValueContext;
use super::json::JsonTree;
use super::{Change, UnknownReason, WhatsAppUser};

#[derive(Debug, Clone, PartialEq)]
pub struct UserPreference {
    pub person: WhatsAppUser,
    /// `marketing_messages` is the only one Meta documents.
    pub category: Option<String>,
    pub choice: PreferenceChoice,
    /// Explanation for people.
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

pub(super) fn preference(context: &ValueContext<'_>, json: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let mut person = WhatsAppUser::read(json.get("wa_id"), json.get("user_id"), json.get("parent_user_id"));
    // In a batch the element has to name its user, so that no preference is recorded for the wrong one.
    if !person.is_anonymous() || context.only_element {
        person.merge_contact(context.contacts, context.only_element);
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
    Ok(Change::Preference(UserPreference {
        person,
        category: json.get("category").text(),
        choice,
        detail: json.get("detail").text(),
        timestamp: json.get("timestamp").time().or(context.time),
        raw: raw.to_owned(),
    }))
}
