//! `statuses[]`: status updates of sent messages.

use chrono::{DateTime, Utc};

use super::batch::{ValueContext, event};
use super::json::JsonTree;
use super::{Change, UnknownReason, WebhookError, WhatsAppUser, call};
use mainstay_events as events;

#[derive(Debug, Clone, PartialEq)]
pub struct StatusUpdate {
    pub wamid: String,
    pub status: StatusKind,
    /// When it happened, otherwise `entry.time`; `None` if neither is given.
    pub timestamp: Option<DateTime<Utc>>,
    /// The recipient; anonymous if it was a group.
    pub recipient: WhatsAppUser,
    /// The group member that the status is about.
    pub participant: Option<WhatsAppUser>,
    pub group: bool,
    pub group_id: Option<String>,
    /// `biz_opaque_callback_data`, as given when sending.
    pub opaque: Option<String>,
    pub conversation_id: Option<String>,
    /// On `sent` only.
    pub conversation_expires_at: Option<DateTime<Utc>>,
    /// `marketing`, `service`, `referral_conversion`, …
    pub conversation_origin: Option<String>,
    pub pricing: Option<Pricing>,
    pub errors: Vec<WebhookError>,
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
    /// Parses a status in either case: statuses are in lower case, those of history in upper case.
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

/// Price category of a message. Do not derive a price from the message's type: the rules changed several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// To be removed by Meta.
    pub billable: Option<bool>,
    /// `PMP` (per message), before July 2025 `CBP` (per conversation).
    pub model: Option<String>,
    /// `regular` is charged. Since October 2026 `free_customer_service` is a service message within the month's free ones, and
    /// `free_group_customer_service` the same in a group; `free_entry_point` is a conversation after an advertisement.
    pub kind: Option<String>,
    /// `paid_exempt` for governments and non-profits.
    pub subtype: Option<String>,
    /// `marketing`, `utility`, `authentication-international`, `group_service`, …
    pub category: Option<String>,
    /// Price as amount (as Meta writes it) and currency, where a maximum price was set.
    pub cost: Option<(String, String)>,
}

impl Pricing {
    fn read(pricing: &JsonTree<'_>) -> Option<Pricing> {
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

fn cost(cost: &JsonTree<'_>) -> Option<(String, String)> {
    Some((cost.get("amount").text()?, cost.get("currency").text()?))
}

pub(super) fn status(context: &ValueContext<'_>, status: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let id = status.get("id").id();
    match (context.field, status.get("type").str()) {
        ("calls", _) | (_, Some("call")) => return Ok(call::status(context, status, raw)),
        (_, Some("payment")) => return Ok(event(&events::meta::PAYMENT_STATUS, id, raw)),
        _ => {}
    }
    let wamid = id.ok_or(UnknownReason::NoId)?;
    let kind = status
        .get("status")
        .str()
        .map(StatusKind::parse)
        .ok_or(UnknownReason::MissingEssentials)?;
    let participant = participant(context, status);
    let group = participant.is_some() || status.get("recipient_type").str() == Some("group");
    let conversation = status.get("conversation");
    Ok(Change::Status(Box::new(StatusUpdate {
        wamid,
        status: kind,
        timestamp: status.get("timestamp").time().or(context.time),
        recipient: if group {
            WhatsAppUser::default()
        } else {
            recipient(context, status)
        },
        participant,
        group,
        group_id: status.get("recipient_id").id().filter(|_| group),
        opaque: status.get("biz_opaque_callback_data").text(),
        conversation_id: conversation.get("id").id(),
        conversation_expires_at: conversation.get("expiration_timestamp").time(),
        conversation_origin: conversation.get("origin").get("type").text(),
        // One of Meta's samples for groups nests it.
        pricing: Pricing::read(status.get("pricing")).or_else(|| Pricing::read(conversation.get("pricing"))),
        errors: WebhookError::list(status.get("errors")),
        raw: raw.to_owned(),
    })))
}

/// Returns the recipient named by a stored status, from its JSON alone, without the contacts that stood beside it. `None` if it names
/// nobody, or a group.
pub fn recipient_of_stored_status(raw: &str) -> Option<WhatsAppUser> {
    let status = JsonTree::read(raw);
    let person = named(&status);
    let is_group = status.get("recipient_type").str() == Some("group");
    (!is_group && !person.is_anonymous()).then_some(person)
}

fn named(status: &JsonTree<'_>) -> WhatsAppUser {
    let parent = either(status, "recipient_parent_user_id", "parent_recipient_user_id");
    WhatsAppUser::read(status.get("recipient_id"), status.get("recipient_user_id"), parent)
}

fn recipient(context: &ValueContext<'_>, status: &JsonTree<'_>) -> WhatsAppUser {
    let mut person = named(status);
    person.identity_key_hash = status.get("recipient_identity_key_hash").id();
    person.merge_contact(context.contacts, context.only_element);
    person
}

fn participant(context: &ValueContext<'_>, status: &JsonTree<'_>) -> Option<WhatsAppUser> {
    let mut person = WhatsAppUser::read(
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
    person.merge_contact(context.contacts, context.only_element);
    Some(person)
}

/// Returns the member under its usual or its other spelling.
fn either<'j, 'a>(status: &'j JsonTree<'a>, usual: &str, other: &str) -> &'j JsonTree<'a> {
    let value = status.get(usual);
    if value.is_null() { status.get(other) } else { value }
}
