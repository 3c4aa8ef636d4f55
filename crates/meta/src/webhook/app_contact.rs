//! `state_sync[]`: the address book of the WhatsApp Business app, for numbers in coexistence.

use chrono::{DateTime, Utc};

use super::batch::ValueContext;
use super::json::JsonTree;
use super::{Change, UnknownReason, WhatsAppUser};

#[derive(Debug, Clone, PartialEq)]
pub struct AppContact {
    pub action: AppContactAction,
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    /// Digits, no `+`.
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub timestamp: Option<DateTime<Utc>>,
    pub raw: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppContactAction {
    Add,
    Edit,
    Remove,
    /// As sent.
    Other(String),
}

pub(super) fn app_contact(context: &ValueContext<'_>, json: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let contact = json.get("contact");
    let person = WhatsAppUser::read(
        contact.get("phone_number"),
        contact.get("user_id"),
        contact.get("parent_user_id"),
    );
    let action = match json.get("action").str() {
        Some("add") => AppContactAction::Add,
        Some("edit") => AppContactAction::Edit,
        Some("remove") => AppContactAction::Remove,
        Some(other) => AppContactAction::Other(other.to_owned()),
        None => return Err(UnknownReason::MissingEssentials),
    };
    if person.is_anonymous() {
        return Err(UnknownReason::MissingEssentials);
    }
    Ok(Change::AppContact(AppContact {
        action,
        full_name: contact.get("full_name").text(),
        first_name: contact.get("first_name").text(),
        phone: person.phone,
        user_id: person.user_id,
        timestamp: json.get("metadata").get("timestamp").time().or(context.time),
        raw: raw.to_owned(),
    }))
}
