//! Messages: inbound ones, echoes of those sent by other tools, and those of the history. All have one shape.

mod content;
mod context;
mod interactive;
mod media;
mod order;
mod shared;
mod system;

use chrono::{DateTime, Utc};

pub use content::{Edit, MessageContent, ReactionContent, Revoke, TemplateButtonReply, TextContent, Unsupported};
pub use context::{Context, Referral, ReferredProduct};
pub use interactive::{ButtonReply, CallPermissionReply, FlowReply, ListReply, OtherInteractive};
pub use media::{InboundMediaKind, MediaContent};
pub use order::{OrderContent, OrderItem};
pub use shared::{ContactCard, ContactPhone, Contacts, LocationContent};
pub use system::System;

use super::batch::ValueContext;
use super::history::past_message;
use super::json::JsonTree;
use super::{Change, UnknownReason, WebhookError, WhatsAppUser};

#[derive(Debug, Clone, PartialEq)]
pub struct WebhookMessage {
    /// Meta's id, unique per business number.
    pub wamid: String,
    /// The customer; for an echo, the business number. Anonymous if the message names nobody.
    pub sender: WhatsAppUser,
    /// The recipient of an echo.
    pub to: Option<WhatsAppUser>,
    /// When the message was sent, otherwise `entry.time`; `None` if neither is given.
    pub timestamp: Option<DateTime<Utc>>,
    pub group_id: Option<String>,
    /// Meta's type (`text`, `image`, …); `""` if missing.
    pub kind: String,
    pub content: MessageContent,
    /// Readable text: body, caption, button or list title, emoji, place, file name, …
    pub text: Option<String>,
    pub context: Option<Context>,
    pub referral: Option<Referral>,
    pub errors: Vec<WebhookError>,
    /// The message's JSON, safe for `JSONB`.
    pub raw: String,
}

/// Reads an element of `messages[]`. The field decides what kind of message it is.
pub(super) fn message(context: &ValueContext<'_>, json: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    match context.field {
        "history" => past_message(context, &JsonTree::Null, &JsonTree::Null, json, raw),
        "message_echoes" | "smb_message_echoes" => echo(context, json, raw),
        _ => {
            let mut message = read(context, json, raw)?;
            message.sender.merge_contact(context.contacts, context.only_element);
            Ok(Change::Message(Box::new(message)))
        }
    }
}

/// Reads an element of `message_echoes[]`: the contacts beside it are the recipients.
pub(super) fn echo(context: &ValueContext<'_>, json: &JsonTree<'_>, raw: &str) -> Result<Change, UnknownReason> {
    let mut message = read(context, json, raw)?;
    if let Some(to) = &mut message.to {
        to.merge_contact(context.contacts, context.only_element);
    }
    Ok(Change::Echo(Box::new(message)))
}

/// Reads what the message itself says, without its contact. Fails only if the id is missing.
pub(super) fn read(
    context: &ValueContext<'_>,
    json: &JsonTree<'_>,
    raw: &str,
) -> Result<WebhookMessage, UnknownReason> {
    let wamid = json.get("id").id().ok_or(UnknownReason::NoId)?;
    let kind = json.get("type").text().unwrap_or_default();
    let content = MessageContent::read(&kind, json);
    let to = WhatsAppUser::read(json.get("to"), json.get("to_user_id"), json.get("to_parent_user_id"));
    Ok(WebhookMessage {
        wamid,
        sender: sender(json),
        to: (!to.is_anonymous()).then_some(to),
        timestamp: json.get("timestamp").time().or(context.time),
        group_id: json.get("group_id").id(),
        text: content.text().or_else(|| json.get("text").get("body").text()),
        kind,
        content,
        context: Context::read(json.get("context")),
        referral: Referral::read(json.get("referral")),
        errors: WebhookError::list(json.get("errors")),
        raw: raw.to_owned(),
    })
}

fn sender(json: &JsonTree<'_>) -> WhatsAppUser {
    let from = json.get("from");
    // Older system messages name the customer only in the `system` block.
    let from = if from.text().is_some() {
        from
    } else {
        json.get("system").get("customer")
    };
    WhatsAppUser::read(from, json.get("from_user_id"), json.get("from_parent_user_id"))
}
