//! Takes one Meta webhook body apart: [`parse`] turns bytes into [`Item`]s, each typed or [`Unknown`].
//!
//! A body carries entries, an entry changes, a change one `value` under a `field`. Some values are themselves batches
//! (messages, statuses, …), others are one event about the account. Rules that hold throughout:
//!
//! - Every element of every batch ends as exactly one item, a value with nothing recognisable in it as one `Unknown`;
//!   one bad element never costs its neighbours. Only what is not a JSON object at all is [`Malformed`].
//! - Time and memory are linear in the length of the body, whatever it holds: no list is searched once per item, what
//!   items share is shared or bounded in length, and a body has at most 20,000 items; one more says where the rest is.
//! - What has the wrong shape reads as absent; an empty string is absent too (superseded drafts of Meta's BSUID
//!   documents send them). Numbers are accepted where strings are expected and the other way round.
//! - A repeated key counts as its last occurrence; repeated batches in one value are all taken.
//! - Every string handed out fits PostgreSQL's `TEXT`, and every `raw` is valid JSON that fits `JSONB`: the exact
//!   text Meta sent, except for the rewriting described in `clean.rs`.
//!
//! Shapes come from Meta's "WhatsApp Business Platform" webhook reference, field by field, as of November 2026.

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
mod listed;
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
    Account, AccountDetail, AccountUpdate, Alert, Capability, PhoneName, PhoneQuality, Restriction, Review, Security,
    TemplateButton, TemplateCategory, TemplateComponents, TemplateQuality, TemplateRef, TemplateStatus,
};
pub use app_contact::{AppContact, AppContactAction};
pub use call::Call;
pub use error::{MetaError, ValueError};
pub use history::HistoryMessage;
pub use message::{
    Button, ButtonReply, CallPermissionReply, ContactCard, ContactPhone, Contacts, Content, Context, Edit, FlowReply,
    ListReply, Location, Media, MediaKind, Message, Order, OrderItem, OtherInteractive, Reaction, Referral,
    ReferredProduct, Revoke, System, Text, Unsupported,
};
pub use person::{Person, phone};
pub use preference::{Preference, PreferenceChoice};
pub use status::{Pricing, Status, StatusKind, stored_recipient};

use envelope::{Envelope, Node};

/// Items taken from one body. Meta sends at most 1,000 updates in a webhook; history comes in chunks of some thousand messages, and a
/// body of 3 MB has no room for more of them than this.
const MOST_ITEMS: usize = 20_000;

/// One body, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// `"whatsapp_business_account"` from Meta; may be anything, `""` when absent.
    pub object: String,
    pub items: Vec<Item>,
}

/// The smallest thing that is stored, applied and replayed alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// JSON pointer into the body, e.g. `/entry/0/changes/0/value/messages/3`.
    pub path: String,
    /// The WABA's id, or a business portfolio's for `PARTNER_*` account updates and `partner_solutions`.
    pub entry_id: Option<Arc<str>>,
    /// `entry.time`; most `messages` webhooks have none.
    pub time: Option<DateTime<Utc>>,
    /// The webhook field as sent (`messages`, …), its first 64 bytes; `""` when missing.
    pub field: Arc<str>,
    /// `value.metadata.phone_number_id`: the business number concerned.
    pub phone_number_id: Option<Arc<str>>,
    /// That number as sent, from `value.metadata` or, for account-level fields, from `value` itself.
    pub display_phone_number: Option<Arc<str>>,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Inbound, from the field `messages` or `standby` (copies of a thread that Meta's agent owns).
    Message(Box<Message>),
    /// Outbound, sent by other means than this API: `message_echoes` and `smb_message_echoes`.
    Echo(Box<Message>),
    /// From before the number joined the platform (coexistence), or media that follows it.
    History(Box<HistoryMessage>),
    Status(Box<Status>),
    /// An element of `value.errors` (or of `history[].errors`): trouble with no message of its own.
    Error(ValueError),
    /// The WhatsApp Business app's address book changed (`smb_app_state_sync`).
    AppContact(AppContact),
    /// A person stopped or resumed a category of messages.
    Preference(Preference),
    Account(Account),
    Unknown(Unknown),
}

/// What could not be understood: kept as it came, to be looked at and replayed.
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
    /// Something other than an object (or, for a batch, an array) stands here.
    WrongShape,
    /// A webhook field this version does not know.
    UnknownField,
    /// A member of a batch value that this version does not know.
    UnknownMember,
    /// A batch value without any batch in it.
    NothingRecognised,
    /// A message or status without an id.
    NoId,
    /// It lacks what makes it what its field says it is.
    MissingEssentials,
    /// From here on the body has more items than are taken; they are in the stored body only.
    TooManyItems,
}

impl UnknownReason {
    /// A stable name for columns, labels and logs.
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

/// The body as a whole is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The text carries a place and an expectation, never content.
    #[error("the body is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the body is JSON, but not an object")]
    NotAnObject,
}

/// Takes one body apart. Items come in the order of the body.
///
/// # Errors
/// Only when the whole is not a webhook at all: not JSON, or JSON but not an object. Everything else is items.
pub fn parse(body: &[u8]) -> Result<Webhook, Malformed> {
    let body = clean::clean(body);
    let envelope = match serde_json::from_str::<Node<Envelope<'_>>>(&body)? {
        Node::Object(envelope) => envelope,
        Node::List(_) | Node::Other => return Err(Malformed::NotAnObject),
    };
    let object = envelope.object.text().unwrap_or_default();
    Ok(Webhook {
        object,
        items: walk::walk(&body, envelope.entry),
    })
}
