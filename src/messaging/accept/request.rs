//! Requests to send messages, and their answers.

use chrono::{DateTime, Utc};

use super::{
    Address,
    schedule::{MAX_DAYS_AHEAD, MAX_WAITING},
};
use crate::{
    domain::{Actor, BatchId, ChannelId, ContactId, ConversationId, MessageId, SendLane, TenantId},
    messaging::store::sends::QueuedSend,
    provider::message::{self, Invalid},
    records::messages::Labels,
    templates::{TemplateError, store::templates::Suggested},
};

/// A message to be sent, validated as far as possible without I/O.
#[derive(Clone, Debug)]
pub struct AcceptRequest {
    pub tenant: TenantId,
    pub created_by: Actor,
    pub channel: ChannelId,
    /// Phone number of the sender as people dial it, if known.
    pub sender: Option<String>,
    pub(crate) to: Address,
    pub lane: SendLane,
    pub kind: &'static str,
    /// The template, for a template message.
    pub(crate) template: Option<TemplateUse>,
    /// Text for previews.
    pub text: Option<String>,
    /// JSON that Meta expects under the type.
    pub content: String,
    /// Other members of the request, as JSON.
    pub options: String,
    pub context_wamid: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Not sent before this time; one that has passed means at once.
    pub send_at: Option<DateTime<Utc>>,
    /// Error in something that the message refers to, as of now. The request is rejected for it, unless an earlier request with its key
    /// was accepted.
    pub invalid: Option<Invalid>,
    pub idempotency: Option<IdempotencyKey>,
    pub labels: Labels,
    /// The batch request that it came with.
    pub batch: Option<BatchId>,
    pub if_window_closed: IfWindowClosed,
}

/// What becomes of a message that only an open service window allows, when the window is known to be closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfWindowClosed {
    /// It is refused at once.
    #[default]
    Refuse,
    /// It is queued: the customer may write until it is its turn; otherwise it fails then.
    Queue,
}

impl IfWindowClosed {
    pub(super) fn is_refused(self) -> bool {
        self == Self::Refuse
    }
}

/// A caller's `Idempotency-Key` and the SHA-256 of the request that it came with.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    pub key: String,
    pub digest: [u8; 32],
}

impl IdempotencyKey {
    /// Returns the key of the `n`th message of the batch that has this key. The separator U+001F cannot occur in a caller's key, since a
    /// header holds no control characters.
    pub(crate) fn of_message(&self, n: usize) -> Self {
        Self {
            key: format!("{}\u{1f}{n}", self.key),
            digest: self.digest,
        }
    }
}

/// A template of an account, with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct TemplateUse {
    /// WABA of the channel.
    pub waba_id: String,
    pub template: message::TemplateMessage,
}

/// A message that is committed and will be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedSend {
    pub id: MessageId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub contact: ContactId,
    pub lane: SendLane,
    pub expires_at: Option<DateTime<Utc>>,
    /// When it is to be sent; `None` is at once.
    pub send_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
    /// Whether this is the stored answer to an earlier request with the same key.
    pub repeated: bool,
}

impl AcceptedSend {
    /// Returns when it is due.
    pub(super) fn due(&self) -> DateTime<Utc> {
        self.send_at.unwrap_or(self.at)
    }

    /// Returns the stored answer to an earlier request.
    pub(super) fn repeated(id: MessageId, row: QueuedSend) -> Self {
        Self {
            id,
            channel: row.channel_id,
            conversation: row.conversation_id,
            contact: row.contact_id,
            lane: SendLane::of_number(row.lane).unwrap_or(SendLane::Campaign),
            expires_at: row.expires_at,
            send_at: row.send_at,
            at: row.created_at,
            repeated: true,
        }
    }
}

/// Why a message was rejected. Nothing of it was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no contact {0}")]
    NoSuchContact(ContactId),
    #[error("contact {0} was merged into {1}: use that id from now on")]
    Merged(ContactId, ContactId),
    #[error("contact {0} has no address that a message can be sent to")]
    NoAddress(ContactId),
    #[error(
        "the Idempotency-Key was used for another request within the last 24 hours, and requests are compared byte for byte: send the same bytes \
         again, or use a new key"
    )]
    KeyReused,
    #[error("expires_at is in the past")]
    Expired,
    #[error("send_at is more than {MAX_DAYS_AHEAD} days ahead: send the message later, or name an earlier time")]
    TooFarAhead,
    #[error("expires_at is not after send_at, so the message would never be sent")]
    ExpiresUnsent,
    #[error(
        "{MAX_WAITING} messages of this channel wait for their send_at already: wait until some of them are sent, or cancel some"
    )]
    TooManyWaiting,
    #[error("contact {0} has not allowed marketing on this channel, or has opted out of it")]
    OptedOut(ContactId),
    #[error(transparent)]
    Invalid(Invalid),
    #[error("contact {0} is blocked on this channel: unblock them to write to them")]
    Blocked(ContactId),
    /// With approved templates that can be sent instead.
    #[error(
        "the customer has not written or called for 24 hours, so only a template may be sent; with \"if_window_closed\": \"queue\" the \
         message is queued all the same, and fails unless they write before its turn"
    )]
    WindowClosed(Vec<Suggested>),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("too many messages are waiting for the database")]
    Full,
    #[error("the database is unavailable")]
    Unavailable,
    #[error("internal error")]
    Internal,
}
