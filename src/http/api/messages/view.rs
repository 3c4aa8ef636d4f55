//! The JSON representation of messages.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::failure::{MessageError, MetaErrorView};
use crate::{
    domain::{
        AttemptId, AttemptOutcome, BatchId, ChannelId, ContactId, ConversationId, Direction, Evidence, HoldReason,
        MediaId, MessageId, Origin, SendLane, Status, WorkState,
    },
    http::api::RawJson,
    messaging::store::sends,
    meta::error_data,
    records::messages,
};

#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    pub id: MessageId,
    /// Meta's id, unique per channel.
    #[schema(required)]
    pub wamid: Option<String>,
    pub direction: Direction,
    pub origin: Origin,
    /// As Meta names it: `text`, `image`, `interactive` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `received` for inbound messages; for those sent from here first `queued`, `sending`, and possibly `unknown`, `canceled` or
    /// `expired`; then `accepted`, `sent`, `delivered`, `read`, `played`, `failed` or `deleted`.
    pub status: Status,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    /// The sender or recipient; in a group the member who wrote.
    pub contact_id: ContactId,
    /// The sender as Meta named it: a phone number or a user id.
    #[schema(required)]
    pub from: Option<String>,
    #[schema(required)]
    pub to: Option<String>,
    /// The text a person would read, as last edited.
    #[schema(required)]
    pub text: Option<String>,
    /// The message as Meta sent it.
    #[schema(value_type = Object)]
    pub payload: RawJson,
    /// The file that came with it: `/api/v1/media/{id}`. Null for outbound messages, whose payload names their files.
    #[schema(required)]
    pub media_id: Option<MediaId>,
    /// The message it replies to, reacts to, edits or revokes.
    #[schema(required)]
    pub context_wamid: Option<String>,
    /// Meta's timestamp.
    pub timestamp: DateTime<Utc>,
    /// When its webhook arrived here.
    pub received_at: DateTime<Utc>,
    #[schema(required)]
    pub edited_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it failed; for a message that is retried or was canceled before a retry, why the last attempt failed. Null without a failure.
    #[schema(required)]
    pub error: Option<MessageError>,
    /// Who sent it from here: the id of an API key, `operator` or `system`. Null for other messages.
    #[schema(required)]
    pub created_by: Option<String>,
    /// The caller's own reference, of a message sent from here.
    #[schema(required)]
    pub reference: Option<String>,
    /// The caller's own data, of a message sent from here.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<RawJson>,
    /// The batch request that it came with.
    #[schema(required)]
    pub batch_id: Option<BatchId>,
}

/// A message with every attempt to send it and every status Meta reported.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageWithStatuses {
    #[serde(flatten)]
    pub message: MessageView,
    /// The state of sending.
    #[serde(flatten)]
    pub sending: SendingView,
    /// Requests to Meta, oldest first; none for messages that were not sent from here.
    pub attempts: Vec<AttemptView>,
    /// By Meta's timestamps.
    pub statuses: Vec<StatusReportView>,
}

/// The state of sending a message. All members are null for messages not sent from here, and for old ones whose work was removed.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Sending)]
pub(crate) struct SendingView {
    /// The class of urgency.
    #[schema(required)]
    pub lane: Option<SendLane>,
    /// Not sent after this time.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// What a message that is not sent yet is kept back for. Null while it waits for nothing but its time.
    #[schema(required)]
    pub held: Option<Held>,
    /// When it is examined next: to be sent, or, if it is unknown whether it was, when the window for evidence ends. A message held for
    /// `daily_limit` is released sooner when there is room. Null while it is being sent, held without a time, and once finished.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
}

impl SendingView {
    /// Creates the representation. `queue_paused` says that the operator has paused the queue of sends.
    pub fn of(work: sends::SendState, status: Status, queue_paused: bool) -> Self {
        let waits = matches!(status, Status::Queued | Status::Sending | Status::Unknown);
        let given_up = matches!(
            work.state,
            WorkState::Quarantined | WorkState::Dead | WorkState::Discarded
        );
        let held = match work.held.and_then(Held::of) {
            None | Some(Held::ProviderUnreachable) if queue_paused && work.state == WorkState::Pending => {
                Some(Held::QueuePaused)
            }
            held => held,
        };
        Self {
            lane: SendLane::of_number(work.lane),
            expires_at: work.expires_at,
            held: held.or(given_up.then_some(Held::DeadLetter)).filter(|_| waits),
            next_attempt_at: (waits && work.state == WorkState::Pending).then_some(work.due_at),
        }
    }
}

/// What a message is kept back for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Held {
    /// The channel may not send: its circuit breaker is open.
    Breaker,
    /// The channel's campaigns are paused.
    Campaigns,
    /// The portfolio has written to as many customers as it may in a day.
    DailyLimit,
    /// Whether it was sent is unknown: resolve it.
    Unknown,
    /// No connection to Meta was made; it is tried again at `next_attempt_at`.
    ProviderUnreachable,
    /// Its campaign is paused, or about to be canceled.
    CampaignPaused,
    /// The operator has paused the sending of messages.
    QueuePaused,
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
            HoldReason::ProviderUnreachable => Some(Self::ProviderUnreachable),
            HoldReason::CampaignPaused => Some(Self::CampaignPaused),
            HoldReason::Released => None,
        }
    }
}

/// One request to Meta that sends the message.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Sent with the request as `biz_opaque_callback_data`; comes back with the statuses.
    pub id: AttemptId,
    pub number: i64,
    pub outcome: AttemptOutcome,
    /// What settled the outcome.
    #[schema(required)]
    pub evidence: Option<Evidence>,
    #[schema(required)]
    pub wamid: Option<String>,
    #[schema(required)]
    pub http_status: Option<i64>,
    #[schema(required)]
    pub error: Option<MetaErrorView>,
    /// Meta's details, or what happened to the connection.
    #[schema(required)]
    pub details: Option<String>,
    /// What to do about the error.
    #[schema(required)]
    pub advice: Option<&'static str>,
    pub started_at: DateTime<Utc>,
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<sends::Attempt> for AttemptView {
    fn from(row: sends::Attempt) -> Self {
        let error = MetaErrorView::of(row.error_code, row.error_title, row.error_details.clone());
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
#[schema(as = StatusReport)]
pub(crate) struct StatusReportView {
    pub status: String,
    /// Meta's timestamp.
    pub timestamp: DateTime<Utc>,
    /// In a group, the member it is about.
    #[schema(required)]
    pub participant: Option<String>,
    #[schema(required)]
    pub error: Option<MetaErrorView>,
    /// The status as Meta sent it, with price and conversation.
    #[schema(value_type = Object)]
    pub payload: RawJson,
    pub received_at: DateTime<Utc>,
}

impl From<messages::Message> for MessageView {
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
            created_by: row.created_by,
            reference: row.labels.reference,
            metadata: row.labels.metadata.map(RawJson::from),
            batch_id: row.batch_id,
        }
    }
}

impl From<messages::StatusReport> for StatusReportView {
    fn from(row: messages::StatusReport) -> Self {
        Self {
            status: row.status,
            timestamp: row.occurred_at,
            participant: Some(row.participant).filter(|member| !member.is_empty()),
            error: MetaErrorView::of(row.error_code, row.error_title, error_data::of_status(&row.payload)),
            payload: row.payload.into(),
            received_at: row.received_at,
        }
    }
}
