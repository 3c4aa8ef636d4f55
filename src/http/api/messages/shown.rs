//! Messages as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{AttemptId, ChannelId, ContactId, ConversationId, MediaId, MessageId, TemplateId},
    http::api::Json,
    meta::graph::errors,
    store::{messages, sends, templates},
};

#[derive(Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    /// Meta's id, unique per channel.
    #[schema(required)]
    pub wamid: Option<String>,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// `customer`, `api`, `echo` (sent elsewhere, e.g. from the business app) or `history`.
    pub origin: String,
    /// As Meta names it: `text`, `image`, `interactive` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `received` for inbound messages; for those sent from here first `queued`, `sending`, and perhaps `unknown`, `canceled` or
    /// `expired`; then `accepted`, `sent`, `delivered`, `read`, `played`, `failed` or `deleted`.
    pub status: String,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    /// Who it is from or to; in a group the member who wrote.
    pub contact_id: ContactId,
    /// The sender as Meta named it: a phone number or a user id.
    #[schema(required)]
    pub from: Option<String>,
    #[schema(required)]
    pub to: Option<String>,
    /// What a person would read, in its newest wording.
    #[schema(required)]
    pub text: Option<String>,
    /// The message as Meta put it.
    #[schema(value_type = Object)]
    pub payload: Json,
    /// The file that came with it or went with it: `/api/v1/media/{id}`.
    #[schema(required)]
    pub media_id: Option<MediaId>,
    /// The message it answers, reacts to, edits or revokes.
    #[schema(required)]
    pub context_wamid: Option<String>,
    /// Meta's time of it.
    pub timestamp: DateTime<Utc>,
    /// When its webhook arrived here.
    pub received_at: DateTime<Utc>,
    #[schema(required)]
    pub edited_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it failed; null unless it did.
    #[schema(required)]
    pub error: Option<MessageError>,
}

/// Why a message failed: Meta's code for it, also where it was refused here.
#[derive(Serialize, ToSchema)]
pub struct MessageError {
    pub code: i64,
    #[schema(required)]
    pub title: Option<String>,
    /// Where the service window was closed (131047), what could be sent now: approved templates, at most ten, and no marketing to who
    /// wants none. Null for every other error, and in lists of messages.
    #[schema(required)]
    pub templates: Option<Vec<SuggestedTemplate>>,
}

/// A template that could be sent now.
#[derive(Serialize, ToSchema)]
pub struct SuggestedTemplate {
    pub id: TemplateId,
    pub name: String,
    pub language: String,
    /// `UTILITY` or `MARKETING`; null where Meta has not said.
    #[schema(required)]
    pub category: Option<String>,
}

impl From<templates::Suggested> for SuggestedTemplate {
    fn from(row: templates::Suggested) -> Self {
        Self {
            id: row.id,
            name: row.name,
            language: row.language,
            category: row.category,
        }
    }
}

/// An error as Meta reported it.
#[derive(Serialize, ToSchema)]
pub struct MetaError {
    pub code: i64,
    #[schema(required)]
    pub title: Option<String>,
}

/// A message, with every call made for it and everything Meta reported about it.
#[derive(Serialize, ToSchema)]
pub struct MessageWithStatuses {
    #[serde(flatten)]
    pub message: Message,
    /// The calls to Meta, in their order; none for messages that were not sent from here.
    pub attempts: Vec<Attempt>,
    /// In the order of Meta's times.
    pub statuses: Vec<StatusReport>,
}

/// One call to Meta with the message.
#[derive(Serialize, ToSchema)]
pub struct Attempt {
    /// Goes along with the call (`biz_opaque_callback_data`) and comes back with the statuses.
    pub id: AttemptId,
    pub number: i64,
    /// `open`, `accepted`, `rejected`, `not_sent` or `unknown`.
    pub outcome: String,
    /// What proves the outcome: `answer`, `status` or `person`.
    #[schema(required)]
    pub evidence: Option<String>,
    #[schema(required)]
    pub wamid: Option<String>,
    #[schema(required)]
    pub http_status: Option<i64>,
    #[schema(required)]
    pub error: Option<MetaError>,
    /// In words: Meta's details, or what happened to the connection.
    #[schema(required)]
    pub details: Option<String>,
    /// What a person can do about the error.
    #[schema(required)]
    pub advice: Option<&'static str>,
    pub started_at: DateTime<Utc>,
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<sends::Attempt> for Attempt {
    fn from(row: sends::Attempt) -> Self {
        Self {
            id: row.id,
            number: row.number,
            outcome: row.outcome,
            evidence: row.evidence,
            wamid: row.wamid,
            http_status: row.http_status,
            advice: row.error_code.map(|code| errors::entry(code).advice),
            error: error(row.error_code, row.error_title),
            details: row.error_details,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct StatusReport {
    pub status: String,
    /// Meta's time of it.
    pub timestamp: DateTime<Utc>,
    /// In a group, the member it speaks of.
    #[schema(required)]
    pub participant: Option<String>,
    #[schema(required)]
    pub error: Option<MetaError>,
    /// The status as Meta put it, with price and conversation.
    #[schema(value_type = Object)]
    pub payload: Json,
    pub received_at: DateTime<Utc>,
}

fn error(code: Option<i64>, title: Option<String>) -> Option<MetaError> {
    code.map(|code| MetaError { code, title })
}

impl From<messages::Message> for Message {
    fn from(row: messages::Message) -> Self {
        Self {
            id: row.id,
            wamid: row.wamid,
            direction: row.direction,
            origin: row.origin,
            kind: row.kind,
            status: row.status,
            channel_id: row.channel_id,
            conversation_id: row.conversation_id,
            contact_id: row.contact_id,
            from: row.sender,
            to: row.recipient,
            text: row.text,
            payload: row.payload.into(),
            media_id: row.media_id,
            context_wamid: row.context_wamid,
            timestamp: row.sent_at,
            received_at: row.received_at,
            edited_at: row.edited_at,
            revoked_at: row.revoked_at,
            error: row.error_code.map(|code| MessageError {
                code,
                title: row.error_title,
                templates: None,
            }),
        }
    }
}

impl From<messages::StatusReport> for StatusReport {
    fn from(row: messages::StatusReport) -> Self {
        Self {
            status: row.status,
            timestamp: row.occurred_at,
            participant: Some(row.participant).filter(|member| !member.is_empty()),
            error: error(row.error_code, row.error_title),
            payload: row.payload.into(),
            received_at: row.received_at,
        }
    }
}
