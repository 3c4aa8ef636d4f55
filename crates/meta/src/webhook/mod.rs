//! Parses Meta's webhooks: [`parse`] turns a body into [`WebhookItem`]s, each typed or [`Unknown`].
//!
//! A body has entries, an entry changes, a change one `value` under a `field`. Some values are batches (messages, statuses, …), others are
//! one event about the account. Invariants:
//!
//! - Every element of every batch becomes exactly one item, a value with nothing recognisable in it one `Unknown`; a malformed element does
//!   not affect its neighbours. Only a body that is not a JSON object is [`Malformed`].
//! - Time and memory are linear in the length of the body: no list is searched once per item, what items share is shared or bounded in
//!   length, and a body has at most 20,000 items; one more item tells where the rest was cut off.
//! - A value of the wrong shape reads as absent, and so does an empty string (superseded drafts of Meta's BSUID documents send them).
//!   Numbers are accepted for strings and the other way round.
//! - Of a repeated key the last occurrence counts; repeated batches in one value are all read.
//! - Every string fits PostgreSQL's `TEXT`, and every `raw` is valid JSON that fits `JSONB`: the exact text Meta sent, except for the
//!   rewriting described in `clean.rs`.
//!
//! Shapes follow Meta's "WhatsApp Business Platform" webhook reference, field by field, as of November 2026.

mod account;
mod app_contact;
mod batch;
mod call;
mod clean;
mod envelope;
mod error;
mod field;
mod history;
mod json;
mod listed_contacts;
mod message;
mod person;
mod preference;
mod status;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use account::{
    AccountDetail, AccountEvent, AccountUpdate, Alert, Capability, PhoneName, PhoneQuality, Restriction, Review,
    Security, TemplateButton, TemplateCategory, TemplateComponents, TemplateQuality, TemplateRef, TemplateStatus,
};
pub use app_contact::{AppContact, AppContactAction};
pub use call::PhoneCall;
pub use error::{ValueError, WebhookError};

pub use crate::error_data::of_status as error_details;
pub use history::HistoryMessage;
pub use message::{
    ButtonReply, CallPermissionReply, ContactCard, ContactPhone, Contacts, Context, Edit, FlowReply, InboundMediaKind,
    ListReply, LocationContent, MediaContent, MessageContent, OrderContent, OrderItem, OtherInteractive,
    ReactionContent, Referral, ReferredProduct, Revoke, System, TemplateButtonReply, TextContent, Unsupported,
    WebhookMessage,
};
pub use person::{WhatsAppUser, phone};
pub use preference::{PreferenceChoice, UserPreference};
pub use status::{Pricing, StatusKind, StatusUpdate, recipient_of_stored_status};

use envelope::{Node, WebhookBody};

/// Maximum number of items per body. Meta sends at most 1,000 updates in a webhook; history comes in chunks of some thousand messages, and
/// a body of 3 MB cannot hold more of them than this.
const MAX_ITEMS: usize = 20_000;

/// A parsed webhook body.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// `"whatsapp_business_account"` from Meta; any text otherwise, `""` if absent.
    pub object: String,
    pub items: Vec<WebhookItem>,
}

/// An item of a webhook: the unit that is stored, applied and replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookItem {
    /// JSON pointer into the body, e.g. `/entry/0/changes/0/value/messages/3`.
    pub path: String,
    /// The WABA's id, or a business portfolio's for `PARTNER_*` account updates and `partner_solutions`.
    pub entry_id: Option<Arc<str>>,
    /// `entry.time`; most `messages` webhooks have none.
    pub time: Option<DateTime<Utc>>,
    /// The webhook field as sent (`messages`, …), truncated to 64 bytes; `""` if missing.
    pub field: Arc<str>,
    /// `value.metadata.phone_number_id`: the business number concerned.
    pub phone_number_id: Option<Arc<str>>,
    /// The displayed form of that number, from `value.metadata` or, for account-level fields, from `value` itself.
    pub display_phone_number: Option<Arc<str>>,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An inbound message, from the field `messages` or `standby` (copies of a thread owned by Meta's agent).
    Message(Box<WebhookMessage>),
    /// An outbound message sent by another tool: `message_echoes` and `smb_message_echoes`.
    Echo(Box<WebhookMessage>),
    /// A message from before the number joined the platform (coexistence), or media that follows it.
    History(Box<HistoryMessage>),
    Status(Box<StatusUpdate>),
    /// An element of `value.errors` (or of `history[].errors`): an error without a message.
    Error(ValueError),
    /// A change in the WhatsApp Business app's address book (`smb_app_state_sync`).
    AppContact(AppContact),
    /// A user stopped or resumed a category of messages.
    Preference(UserPreference),
    Account(AccountEvent),
    Unknown(Unknown),
}

/// A part of a webhook that was not understood: stored as it came, for inspection and replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    pub reason: UnknownReason,
    pub raw: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// `entry` is missing, empty or not an array; the item is the whole body.
    NoEntries,
    /// `changes` is missing, empty or not an array; the item is the entry.
    NoChanges,
    /// The change has no `value`; the item is the change.
    NoValue,
    /// The value is not an object (or, for a batch, not an array).
    WrongShape,
    /// A webhook field this version does not know.
    UnknownField,
    /// A member of a batch value that this version does not know.
    UnknownMember,
    /// A batch value without any batch.
    NothingRecognised,
    /// A message or status without an id.
    NoId,
    /// Lacks members that are essential for its field.
    MissingEssentials,
    /// The body has more items from here on; they are in the stored body only.
    TooManyItems,
}

impl UnknownReason {
    /// Returns the stable name used in columns, labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEntries => "no_entries",
            Self::NoChanges => "no_changes",
            Self::NoValue => "no_value",
            Self::WrongShape => "wrong_shape",
            Self::UnknownField => "unknown_field",
            Self::UnknownMember => "unknown_member",
            Self::NothingRecognised => "nothing_recognised",
            Self::NoId => "no_id",
            Self::MissingEssentials => "missing_essentials",
            Self::TooManyItems => "too_many_items",
        }
    }
}

/// The body is not a webhook.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The message has a position and an expectation, never content.
    #[error("the body is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the body is JSON, but not an object")]
    NotAnObject,
}

/// Parses a body. Items are in the order of the body.
///
/// # Errors
/// Fails only if the body is not JSON, or JSON but not an object. Everything else becomes items.
pub fn parse(body: &[u8]) -> Result<Webhook, Malformed> {
    let body = clean::clean(body);
    let envelope = match serde_json::from_str::<Node<WebhookBody<'_>>>(&body)? {
        Node::Object(envelope) => envelope,
        Node::List(_) | Node::Other => return Err(Malformed::NotAnObject),
    };
    let object = envelope.object.text().unwrap_or_default();
    Ok(Webhook {
        object,
        items: walk::walk(&body, envelope.entry),
    })
}
