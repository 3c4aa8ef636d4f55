//! `statuses[]`: what became of a message we sent.

use chrono::{DateTime, Utc};

use super::batch::{Beside, event};
use super::json::Json;
use super::{Change, MetaError, Person, UnknownReason, call};
use crate::events;

#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub wamid: String,
    pub status: StatusKind,
    /// When it happened; `entry.time` if the status does not say, None if neither does.
    pub timestamp: Option<DateTime<Utc>>,
    /// The person written to; anonymous when that was a group.
    pub recipient: Person,
    /// Which member of the group this is about.
    pub participant: Option<Person>,
    pub group: bool,
    pub group_id: Option<String>,
    /// `biz_opaque_callback_data`, as given when sending.
    pub opaque: Option<String>,
    pub conversation_id: Option<String>,
    /// Only on `sent`.
    pub conversation_expires_at: Option<DateTime<Utc>>,
    /// `marketing`, `service`, `referral_conversion`, …
    pub conversation_origin: Option<String>,
    pub pricing: Option<Pricing>,
    pub errors: Vec<MetaError>,
    pub raw: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StatusKind {
    Accepted,
    Sent,
    Delivered,
    Read,
    /// A voice note was listened to.
    Played,
    Failed,
    Deleted,
    Warning,
    /// As sent, in lower case.
    Other(String),
}

impl StatusKind {
    /// In any case: statuses are written small, those of history capital.
    pub fn parse(text: &str) -> StatusKind {
        match text.to_ascii_lowercase().as_str() {
            "accepted" => Self::Accepted,
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            "deleted" => Self::Deleted,
            "warning" => Self::Warning,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
            Self::Warning => "warning",
            Self::Other(other) => other,
        }
    }
}

/// What the message costs. Do not derive a price from the message's type: rules changed several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// Slated for removal by Meta.
    pub billable: Option<bool>,
    /// `PMP` (per message), before July 2025 `CBP` (per conversation).
    pub model: Option<String>,
    /// `regular` costs. Since October 2026 `free_customer_service` is a service message within the month's free ones, and
    /// `free_group_customer_service` the same in a group; `free_entry_point` is what follows an advertisement.
    pub kind: Option<String>,
    /// `paid_exempt` for governments and non-profits.
    pub subtype: Option<String>,
    /// `marketing`, `utility`, `authentication-international`, `group_service`, …
    pub category: Option<String>,
    /// What it cost, where a highest price was set: an amount as Meta writes it, and the currency.
    pub cost: Option<(String, String)>,
}

impl Pricing {
    fn read(pricing: &Json<'_>) -> Option<Pricing> {
        pricing.is_object().then(|| Pricing {
            billable: pricing.get("billable").flag(),
            model: pricing.get("pricing_model").text(),
            kind: pricing.get("type").text(),
            subtype: pricing.get("subtype").text(),
            category: pricing.get("category").text(),
            cost: cost(pricing.get("cost")),
        })
    }
}

fn cost(cost: &Json<'_>) -> Option<(String, String)> {
    Some((cost.get("amount").text()?, cost.get("currency").text()?))
}

pub(super) fn status(beside: &Beside<'_>, status: &Json<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let id = status.get("id").id();
    match (beside.field, status.get("type").str()) {
        ("calls", _) | (_, Some("call")) => return Ok(call::status(beside, status, raw)),
        (_, Some("payment")) => return Ok(event(&events::meta::PAYMENT_STATUS, id, raw)),
        _ => {}
    }
    let wamid = id.ok_or(UnknownReason::NoId)?;
    let kind = status
        .get("status")
        .str()
        .map(StatusKind::parse)
        .ok_or(UnknownReason::MissingEssentials)?;
    let participant = participant(beside, status);
    let group = participant.is_some() || status.get("recipient_type").str() == Some("group");
    let conversation = status.get("conversation");
    Ok(Change::Status(Box::new(Status {
        wamid,
        status: kind,
        timestamp: status.get("timestamp").time().or(beside.time),
        recipient: if group {
            Person::default()
        } else {
            recipient(beside, status)
        },
        participant,
        group,
        group_id: status.get("recipient_id").id().filter(|_| group),
        opaque: status.get("biz_opaque_callback_data").text(),
        conversation_id: conversation.get("id").id(),
        conversation_expires_at: conversation.get("expiration_timestamp").time(),
        conversation_origin: conversation.get("origin").get("type").text(),
        // One of Meta's group samples nests it.
        pricing: Pricing::read(status.get("pricing")).or_else(|| Pricing::read(conversation.get("pricing"))),
        errors: MetaError::list(status.get("errors")),
        raw: raw.to_owned(),
    })))
}

/// Whom a status that was stored says the message was sent to: its JSON alone, without the contacts that stood beside it. `None` where it
/// names nobody, or a group.
pub fn stored_recipient(raw: &str) -> Option<Person> {
    let status = Json::read(raw);
    let person = named(&status);
    let is_group = status.get("recipient_type").str() == Some("group");
    (!is_group && !person.is_anonymous()).then_some(person)
}

fn named(status: &Json<'_>) -> Person {
    let parent = either(status, "recipient_parent_user_id", "parent_recipient_user_id");
    Person::read(status.get("recipient_id"), status.get("recipient_user_id"), parent)
}

fn recipient(beside: &Beside<'_>, status: &Json<'_>) -> Person {
    let mut person = named(status);
    person.identity_key_hash = status.get("recipient_identity_key_hash").id();
    person.join(beside.contacts, beside.only_element);
    person
}

fn participant(beside: &Beside<'_>, status: &Json<'_>) -> Option<Person> {
    let mut person = Person::read(
        either(status, "recipient_participant_id", "participant_recipient_id"),
        either(status, "recipient_participant_user_id", "participant_recipient_user_id"),
        either(
            status,
            "recipient_participant_parent_user_id",
            "participant_recipient_parent_user_id",
        ),
    );
    if person.is_anonymous() {
        return None;
    }
    person.join(beside.contacts, beside.only_element);
    Some(person)
}

/// Meta spells some keys in two ways.
fn either<'j, 'a>(status: &'j Json<'a>, usual: &str, other: &str) -> &'j Json<'a> {
    let value = status.get(usual);
    if value.is_null() { status.get(other) } else { value }
}
