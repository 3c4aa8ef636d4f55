//! Events of messages and their statuses.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{EventType, sample, types};
use mainstay_core::domain::{ChannelId, ContactId, ConversationId, MediaId, MessageId, Status, TemplateId};

/// A new message and its contact.
#[derive(Serialize, ToSchema)]
pub struct MessageEvent<'a> {
    pub message: EventMessage<'a>,
    pub contact: Person<'a>,
}

/// The message as `GET /api/v1/messages/{id}` shows it, without members that can only be set later.
#[derive(Serialize, ToSchema)]
pub struct EventMessage<'a> {
    pub id: MessageId,
    /// Meta's id, unique per channel.
    pub wamid: &'a str,
    /// `inbound` or `outbound`.
    pub direction: &'a str,
    /// `customer`, or `echo` for a message sent with another tool, such as the business app.
    pub origin: &'a str,
    /// Meta's type: `text`, `image`, `interactive` …
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub status: &'a str,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    /// The sender or recipient; in a group the member who wrote.
    pub contact_id: ContactId,
    /// The sender as Meta names it: a phone number or a user id.
    #[schema(required)]
    pub from: Option<&'a str>,
    #[schema(required)]
    pub to: Option<&'a str>,
    /// The readable text.
    #[schema(required)]
    pub text: Option<&'a str>,
    /// The file that came with it: `/api/v1/media/{id}`, available after `media.ready`.
    #[schema(required)]
    pub media_id: Option<MediaId>,
    /// The message that it answers, reacts to, edits or revokes.
    #[schema(required)]
    pub context_wamid: Option<&'a str>,
    /// The message as Meta sent it.
    #[schema(required, value_type = Option<Object>)]
    pub payload: Option<&'a RawValue>,
    /// Meta's time.
    pub timestamp: DateTime<Utc>,
    /// When the webhook arrived.
    pub received_at: DateTime<Utc>,
}

/// A contact, as far as Meta describes it with the message.
#[derive(Serialize, ToSchema)]
pub struct Person<'a> {
    pub id: ContactId,
    /// Profile name in WhatsApp.
    #[schema(required)]
    pub name: Option<&'a str>,
    /// Digits, with the country code.
    #[schema(required)]
    pub phone: Option<&'a str>,
    /// Meta's business-scoped user id.
    #[schema(required)]
    pub user_id: Option<&'a str>,
    #[schema(required)]
    pub username: Option<&'a str>,
}

/// The status of a sent message.
#[derive(Serialize, ToSchema)]
pub struct StatusEvent<'a> {
    pub message_id: MessageId,
    /// Meta's id; null while Meta has given none.
    #[schema(required)]
    pub wamid: Option<&'a str>,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    /// The last word of the event type; in `message.reported` Meta's word.
    pub status: &'a str,
    /// In a group, the member that it is about.
    #[schema(required)]
    pub participant: Option<&'a str>,
    /// The error, if there is one.
    #[schema(required)]
    pub error: Option<Error<'a>>,
    /// The caller's own reference of the message.
    #[schema(required)]
    pub reference: Option<&'a str>,
    /// The caller's own data of the message.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<&'a RawValue>,
    /// The status as Meta sent it, with pricing and conversation; null if it does not come from a webhook.
    #[schema(required, value_type = Option<Object>)]
    pub payload: Option<&'a RawValue>,
}

/// An error of a message.
#[derive(Serialize, ToSchema)]
pub struct Error<'a> {
    /// Meta's code; null if the message never reached Meta.
    #[schema(required)]
    pub code: Option<i64>,
    #[schema(required)]
    pub title: Option<&'a str>,
    /// Who must act: `us`, `operator`, `tenant`, `recipient` or `meta`.
    pub who: &'a str,
    /// What to do.
    pub advice: &'a str,
    /// Meta's details, or what happened to the connection.
    #[schema(required)]
    pub details: Option<Cow<'a, str>>,
    /// Set for a message that was not sent because the service window is closed: up to ten templates that could be sent instead. Null for
    /// other errors, and for messages that Meta rejected.
    #[schema(required)]
    pub templates: Option<Vec<SendableTemplate<'a>>>,
}

/// A template that could be sent.
#[derive(Serialize, ToSchema)]
pub struct SendableTemplate<'a> {
    pub id: TemplateId,
    pub name: &'a str,
    pub language: &'a str,
    /// `UTILITY` or `MARKETING`; null where Meta has not reported it.
    #[schema(required)]
    pub category: Option<&'a str>,
}

/// Returns the event type of a status. `None` stands for statuses of Meta's that report no progress.
pub fn of_status(status: Option<Status>) -> &'static EventType {
    match status {
        Some(Status::Queued) => &QUEUED,
        Some(Status::Unknown) => &UNKNOWN,
        Some(Status::Canceled) => &CANCELED,
        Some(Status::Expired) => &EXPIRED,
        Some(Status::Accepted) => &ACCEPTED,
        Some(Status::Sent) => &SENT,
        Some(Status::Failed) => &FAILED,
        Some(Status::Delivered) => &DELIVERED,
        Some(Status::Read) => &READ,
        Some(Status::Played) => &PLAYED,
        Some(Status::Deleted) => &DELETED,
        // Receiving a message and making a call are not reports.
        Some(Status::Received | Status::Sending) | None => &REPORTED,
    }
}

types! {
    RECEIVED = "message.received", MessageEvent<'static>,
        "A contact sent a message, a button reply, a reaction or an order, or changed their number.", received();
    EDITED = "message.edited", MessageEvent<'static>,
        "A contact edited a message: `context_wamid` is its id, `text` the new text.",
        other("edit", json!({ "text": "Are you open on Sunday?", "context_wamid": "wamid.HBgLMTU1NTAxMDA3NzcVAgASGBQzQTAx" }));
    REVOKED = "message.revoked", MessageEvent<'static>,
        "A contact revoked a message: `context_wamid` is its id.",
        other("revoke", json!({ "text": null, "context_wamid": "wamid.HBgLMTU1NTAxMDA3NzcVAgASGBQzQTAx" }));
    ECHOED = "message.echoed", MessageEvent<'static>,
        "The business sent a message with another tool, such as the WhatsApp Business app.",
        other("text", json!({ "direction": "outbound", "origin": "echo", "status": "sent", "from": sample::BUSINESS,
            "to": sample::CUSTOMER, "text": "We are." }));
    QUEUED = "message.queued", StatusEvent<'static>,
        "The message is queued again, after a temporary failure or on request.",
        standing("queued", error(130_429, "Rate limit hit", "us", "Nothing to do: the message is sent again, slower."));
    ACCEPTED = "message.accepted", StatusEvent<'static>,
        "Meta accepted a message sent through this installation; `wamid` is Meta's id of it.",
        standing("accepted", json!({ "wamid": sample::WAMID }));
    SENT = "message.sent", StatusEvent<'static>, "Meta sent the message on to the contact.", reported("sent");
    DELIVERED = "message.delivered", StatusEvent<'static>,
        "The message was delivered to a device of the contact.", reported("delivered");
    READ = "message.read", StatusEvent<'static>,
        "The contact read the message and has read receipts enabled.", reported("read");
    PLAYED = "message.played", StatusEvent<'static>,
        "The contact played a voice message for the first time.", reported("played");
    FAILED = "message.failed", StatusEvent<'static>,
        "The message failed; `error` has the reason. If it is retried after all, `message.queued` follows.",
        standing("failed", error(131_026, "Message undeliverable", "tenant", UNDELIVERABLE));
    UNKNOWN = "message.unknown", StatusEvent<'static>,
        "A call to Meta ended without a response: it is unknown whether the message was sent. A later status or a person decides.",
        standing("unknown", json!({}));
    CANCELED = "message.canceled", StatusEvent<'static>,
        "The message was canceled before it was sent.", standing("canceled", json!({}));
    EXPIRED = "message.expired", StatusEvent<'static>,
        "The message expired before it was sent.", standing("expired", json!({}));
    DELETED = "message.deleted", StatusEvent<'static>,
        "Meta reports that the message was deleted.", reported("deleted");
    REPORTED = "message.reported", StatusEvent<'static>,
        "Meta reported something that does not change the message's status: a warning, or a failure for one member of a group.",
        reported("warning");
}

fn received() -> Value {
    json!({
        "message": {
            "id": sample::MESSAGE, "wamid": sample::WAMID, "direction": "inbound", "origin": "customer", "type": "text",
            "status": "received", "channel_id": sample::CHANNEL, "conversation_id": sample::CONVERSATION,
            "contact_id": sample::CONTACT, "from": sample::CUSTOMER, "to": sample::BUSINESS,
            "text": "Are you open on Saturday?", "media_id": null, "context_wamid": null,
            "payload": { "from": sample::CUSTOMER, "id": sample::WAMID, "timestamp": "1790000000", "type": "text",
                "text": { "body": "Are you open on Saturday?" } },
            "timestamp": "2026-09-21T13:33:20Z", "received_at": "2026-09-21T13:33:21.482913Z",
        },
        "contact": {
            "id": sample::CONTACT, "name": "Inés", "phone": sample::CUSTOMER, "user_id": "DE.48210077315596", "username": null,
        },
    })
}

fn other(kind: &str, differs: Value) -> Value {
    let mut data = received();
    let message = &mut data["message"];
    message["type"] = kind.into();
    message["payload"] = json!({ "id": sample::WAMID, "timestamp": "1790000000", "type": kind });
    sample::overlay(message, differs);
    data
}

fn standing(status: &str, differs: Value) -> Value {
    let mut data = json!({
        "message_id": sample::MESSAGE, "wamid": null, "channel_id": sample::CHANNEL, "conversation_id": sample::CONVERSATION,
        "contact_id": sample::CONTACT, "status": status, "participant": null, "error": null, "reference": "order-1042", "metadata": null,
        "payload": null,
    });
    sample::overlay(&mut data, differs);
    data
}

/// As in the error table.
const UNDELIVERABLE: &str = "The number is not on WhatsApp, or its owner has not accepted the terms, uses an old version, or cannot \
                             get this kind of message. Verify it, or reach them otherwise.";

fn error(code: i64, title: &str, who: &str, advice: &str) -> Value {
    json!({ "error": { "code": code, "title": title, "who": who, "advice": advice, "details": null, "templates": null } })
}

fn reported(status: &str) -> Value {
    let payload =
        json!({ "id": sample::WAMID, "status": status, "timestamp": "1790000004", "recipient_id": sample::CUSTOMER });
    standing(status, json!({ "wamid": sample::WAMID, "payload": payload }))
}
