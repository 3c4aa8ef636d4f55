//! Messages as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::{MessageError, MetaError, details};
use crate::{
    domain::{
        AttemptId, AttemptOutcome, ChannelId, ContactId, ConversationId, Direction, Evidence, HoldReason, MediaId,
        MessageId, Origin, SendLane, Status,
    },
    http::api::Json,
    messaging::store::sends,
    records::messages,
};

#[derive(Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    /// Meta's id, unique per channel.
    #[schema(required)]
    pub wamid: Option<String>,
    pub direction: Direction,
    pub origin: Origin,
    /// As Meta names it: `text`, `image`, `interactive` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `received` for inbound messages; for those sent from here first `queued`, `sending`, and perhaps `unknown`, `canceled` or
    /// `expired`; then `accepted`, `sent`, `delivered`, `read`, `played`, `failed` or `deleted`.
    pub status: Status,
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
    /// The file that came with it: `/api/v1/media/{id}`. Null for outbound messages: what goes along is named in their payload.
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
    /// Why it failed; of one that is to be sent once more, or was withdrawn before it was, why the last attempt failed. Null where
    /// nothing has.
    #[schema(required)]
    pub error: Option<MessageError>,
}

/// A message, with every call made for it and everything Meta reported about it.
#[derive(Serialize, ToSchema)]
pub struct MessageWithStatuses {
    #[serde(flatten)]
    pub message: Message,
    /// How it is sent from here, and what it waits for.
    #[serde(flatten)]
    pub sending: Sending,
    /// The calls to Meta, in their order; none for messages that were not sent from here.
    pub attempts: Vec<Attempt>,
    /// In the order of Meta's times.
    pub statuses: Vec<StatusReport>,
}

/// How a message is sent from here. All of it is null for messages that were not, and when the work is so old that it was removed.
#[derive(Default, Serialize, ToSchema)]
pub struct Sending {
    /// How urgent it is.
    #[schema(required)]
    pub lane: Option<SendLane>,
    /// Not sent after this time.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// What a message that is not sent yet is kept back for. Null while it waits for nothing but its time.
    #[schema(required)]
    pub held: Option<Held>,
    /// When it is looked at next: to be sent, or, where it is unknown whether it was, because no proof can be expected after that. One
    /// that is kept for `daily_limit` comes sooner when there is room. Null while it is in hand or kept for something that has no time,
    /// and at its end.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
}

impl Sending {
    pub fn of(work: sends::Work, status: Status) -> Self {
        let waits = matches!(status, Status::Queued | Status::Sending | Status::Unknown);
        let given_up = matches!(work.state.as_str(), "quarantined" | "dead" | "discarded");
        let held = work.held.and_then(Held::of);
        Self {
            lane: SendLane::of_number(work.lane),
            expires_at: work.expires_at,
            held: held.or(given_up.then_some(Held::DeadLetter)).filter(|_| waits),
            next_attempt_at: (waits && work.state == "pending").then_some(work.due_at),
        }
    }
}

/// What a message is kept back for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The channel may not send: its circuit breaker is open.
    Breaker,
    /// The channel's campaigns are paused.
    Campaigns,
    /// The portfolio has written to as many customers as it may in a day.
    DailyLimit,
    /// Whether it was sent is unknown: resolve it.
    Unknown,
    /// Given up after faults of the server: the operator puts it back.
    DeadLetter,
}

impl Held {
    /// `None` for a send that is on its way.
    fn of(reason: HoldReason) -> Option<Self> {
        match reason {
            HoldReason::Breaker => Some(Self::Breaker),
            HoldReason::Campaigns => Some(Self::Campaigns),
            HoldReason::DailyLimit => Some(Self::DailyLimit),
            HoldReason::Unknown => Some(Self::Unknown),
            HoldReason::Released => None,
        }
    }
}

/// One call to Meta with the message.
#[derive(Serialize, ToSchema)]
pub struct Attempt {
    /// Goes along with the call (`biz_opaque_callback_data`) and comes back with the statuses.
    pub id: AttemptId,
    pub number: i64,
    pub outcome: AttemptOutcome,
    /// What proves the outcome.
    #[schema(required)]
    pub evidence: Option<Evidence>,
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
        let error = MetaError::of(row.error_code, row.error_title, row.error_details.clone());
        Self {
            advice: error.as_ref().map(|it| it.advice),
            id: row.id,
            number: row.number,
            outcome: row.outcome,
            evidence: row.evidence,
            wamid: row.wamid,
            http_status: row.http_status,
            error,
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
            error: MessageError::of(row.error_code, row.error_title),
        }
    }
}

impl From<messages::StatusReport> for StatusReport {
    fn from(row: messages::StatusReport) -> Self {
        Self {
            status: row.status,
            timestamp: row.occurred_at,
            participant: Some(row.participant).filter(|member| !member.is_empty()),
            error: MetaError::of(row.error_code, row.error_title, details(&row.payload)),
            payload: row.payload.into(),
            received_at: row.received_at,
        }
    }
}
