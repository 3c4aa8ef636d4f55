use axum::Json as Body;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Json;
use crate::{
    domain::{AttemptId, ChannelId, ContactId, ConversationId, MediaId, MessageId, Status, TemplateId},
    http::{
        auth::Reader,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    messaging::WINDOW_CLOSED,
    meta::graph::errors,
    store::{conversations, messages, sends, templates},
};

const LIST: &str = "messages";
const IN_CONVERSATION: &str = "conversation-messages";

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

#[derive(Clone, Copy, Deserialize, ToSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Inbound,
    Outbound,
}

/// Which messages are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Of this channel.
    channel: Option<ChannelId>,
    #[param(inline)]
    direction: Option<Direction>,
    /// `received`, `accepted`, `sent`, `delivered`, `read`, `played`, `failed` or `deleted`.
    status: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Result<messages::Filter, Problem> {
        let known = || Status::ALL.map(Status::as_str).join(", ");
        let status = self.status.as_deref().map(|text| {
            Status::parse(text).ok_or_else(|| Problem::invalid(format!("`status` must be one of {}.", known())))
        });
        Ok(messages::Filter {
            channel: self.channel,
            inbound: self.direction.map(|direction| direction == Direction::Inbound),
            status: status.transpose()?,
        })
    }
}

/// List messages
///
/// Of all conversations, the newest first. With a filter, a page looks through at most 20,000 messages, so it may hold fewer than
/// `limit` and still have a next one.
#[utoipa::path(get, path = "/api/v1/messages", tag = "Reading", params(PagingParams, Wanted),
    responses((status = 200, description = "A page of messages", body = Page<Message>)))]
pub async fn list(
    reader: Reader,
    paging: Paging,
    Query(wanted): Query<Wanted>,
) -> Result<Body<Page<Message>>, Problem> {
    let before = paging.key(LIST)?;
    let filter = wanted.filter()?;
    let mut tx = reader.begin().await?;
    let (rows, floor) = messages::list(&mut tx, reader.tenant, filter, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::looked(&paging, LIST, rows, floor, |row| row.id).map(Message::from),
    ))
}

/// List the messages of a conversation
///
/// By Meta's time, the newest first.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages", tag = "Reading",
    params(("id" = ConversationId, Path), PagingParams),
    responses((status = 200, description = "A page of messages", body = Page<Message>)))]
pub async fn in_conversation(
    reader: Reader,
    Path(id): Path<ConversationId>,
    paging: Paging,
) -> Result<Body<Page<Message>>, Problem> {
    let before = paging.key(IN_CONVERSATION)?;
    let mut tx = reader.begin().await?;
    let known = conversations::find(&mut tx, reader.tenant, id).await?;
    known.ok_or_else(|| Problem::not_found(format_args!("conversation {id}")))?;
    let rows = messages::in_conversation(&mut tx, reader.tenant, id, before, paging.rows()).await?;
    tx.commit().await?;
    Ok(Body(
        Page::new(&paging, IN_CONVERSATION, rows, |row| (row.sent_at, row.id)).map(Message::from),
    ))
}

/// Show a message
///
/// With every call made for it and everything Meta reported about it; where its service window was closed, with the templates that would
/// do now.
#[utoipa::path(get, path = "/api/v1/messages/{id}", tag = "Reading", params(("id" = MessageId, Path)),
    responses((status = 200, description = "The message", body = MessageWithStatuses)))]
pub async fn show(reader: Reader, Path(id): Path<MessageId>) -> Result<Body<MessageWithStatuses>, Problem> {
    let mut tx = reader.begin().await?;
    let found = messages::find(&mut tx, reader.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("message {id}")))?;
    let statuses = messages::statuses(&mut tx, reader.tenant, row.channel_id, id, row.wamid.clone()).await?;
    let attempts = sends::of_message(&mut tx, reader.tenant, id).await?;
    let (channel, contact) = (row.channel_id, row.contact_id);
    let mut message = Message::from(row);
    if let Some(error) = message.error.as_mut().filter(|it| it.code == WINDOW_CLOSED) {
        let would_do = templates::suggest_to(&mut tx, reader.tenant, channel, contact).await?;
        error.templates = Some(would_do.into_iter().map(SuggestedTemplate::from).collect());
    }
    tx.commit().await?;
    Ok(Body(MessageWithStatuses {
        message,
        attempts: attempts.into_iter().map(Attempt::from).collect(),
        statuses: statuses.into_iter().map(StatusReport::from).collect(),
    }))
}
