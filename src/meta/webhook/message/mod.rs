//! Messages: inbound ones, echoes of those sent elsewhere, and those of the past. One shape for all three.

mod content;
mod context;
mod interactive;
mod media;
mod order;
mod shared;
mod system;

use chrono::{DateTime, Utc};

pub use content::{Button, Content, Edit, Reaction, Revoke, Text, Unsupported};
pub use context::{Context, Referral, ReferredProduct};
pub use interactive::{ButtonReply, CallPermissionReply, FlowReply, ListReply, OtherInteractive};
pub use media::{Media, MediaKind};
pub use order::{Order, OrderItem};
pub use shared::{ContactCard, ContactPhone, Contacts, Location};
pub use system::System;

use super::batch::Beside;
use super::history::past_message;
use super::json::Json;
use super::{Change, MetaError, Person, UnknownReason};

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Meta's id, unique per business number.
    pub wamid: String,
    /// The customer; for an echo the business number. Anonymous when the message names nobody.
    pub sender: Person,
    /// The customer an echo went to.
    pub to: Option<Person>,
    /// When it was sent; `entry.time` if the message does not say, None if neither does.
    pub timestamp: Option<DateTime<Utc>>,
    pub group_id: Option<String>,
    /// As Meta says it (`text`, `image`, …), `""` when missing.
    pub kind: String,
    pub content: Content,
    /// What a person would read: body, caption, button or list title, emoji, place, file name, …
    pub text: Option<String>,
    pub context: Option<Context>,
    pub referral: Option<Referral>,
    pub errors: Vec<MetaError>,
    /// The message's JSON, safe for `JSONB`.
    pub raw: String,
}

/// An element of `messages[]`. The field decides whose it is.
pub(super) fn message(beside: &Beside<'_>, json: &Json<'_>, raw: &str) -> Result<Change, UnknownReason> {
    match beside.field {
        "history" => past_message(beside, &Json::Null, &Json::Null, json, raw),
        "message_echoes" | "smb_message_echoes" => echo(beside, json, raw),
        _ => {
            let mut message = read(beside, json, raw)?;
            message.sender.join(beside.contacts, beside.only_element);
            Ok(Change::Message(Box::new(message)))
        }
    }
}

/// An element of `message_echoes[]`: the contacts beside it are those written to.
pub(super) fn echo(beside: &Beside<'_>, json: &Json<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let mut message = read(beside, json, raw)?;
    if let Some(to) = &mut message.to {
        to.join(beside.contacts, beside.only_element);
    }
    Ok(Change::Echo(Box::new(message)))
}

/// Everything the message itself says; contacts are not joined yet. Fails only without an id.
pub(super) fn read(beside: &Beside<'_>, json: &Json<'_>, raw: &str) -> Result<Message, UnknownReason> {
    let wamid = json.get("id").id().ok_or(UnknownReason::NoId)?;
    let kind = json.get("type").text().unwrap_or_default();
    let content = Content::read(&kind, json);
    let to = Person::read(json.get("to"), json.get("to_user_id"), json.get("to_parent_user_id"));
    Ok(Message {
        wamid,
        sender: sender(json),
        to: (!to.is_anonymous()).then_some(to),
        timestamp: json.get("timestamp").time().or(beside.time),
        group_id: json.get("group_id").id(),
        text: content.text().or_else(|| json.get("text").get("body").text()),
        kind,
        content,
        context: Context::read(json.get("context")),
        referral: Referral::read(json.get("referral")),
        errors: MetaError::list(json.get("errors")),
        raw: raw.to_owned(),
    })
}

fn sender(json: &Json<'_>) -> Person {
    let from = json.get("from");
    // Older system messages name the customer only inside.
    let from = if from.text().is_some() {
        from
    } else {
        json.get("system").get("customer")
    };
    Person::read(from, json.get("from_user_id"), json.get("from_parent_user_id"))
}
