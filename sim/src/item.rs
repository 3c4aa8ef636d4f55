//! What a webhook holds, in the words of the ledger.

use serde::{Deserialize, Serialize};

use crate::traffic::Shape;

/// One thing a webhook tells: what a receiver should be found to have stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "item", rename_all = "snake_case")]
pub enum Item {
    Message(Message),
    Status(Status),
    Other(Other),
}

/// How a message reached the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `messages`: a customer wrote.
    Inbound,
    /// `smb_message_echoes`: the business wrote on its own phone.
    Echo,
    /// `history`: either side wrote, long ago.
    History,
}

/// A message. `(phone_number_id, wamid)` is unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    pub phone_number_id: String,
    pub wamid: String,
    pub source: Source,
    /// Meta's `type`.
    #[serde(rename = "type")]
    pub message_type: String,
    /// What exactly it looks like; only for [`Source::Inbound`].
    pub shape: Option<Shape>,
    /// Meta's `from`: absent for customers who hide their phone.
    pub from: Option<String>,
    /// The business-scoped id of the customer, whoever wrote.
    pub user_id: String,
    /// Unix seconds.
    pub timestamp: i64,
}

/// A status. `(wamid, status, timestamp, participant)` is unique for a phone number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Status {
    pub phone_number_id: String,
    pub wamid: String,
    pub status: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// The member of a group it speaks of, by phone or else by user id.
    pub participant: Option<String>,
}

/// Anything else, counted by field; the number makes each one distinct.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Other {
    pub number: u64,
    pub field: String,
    /// What happened, as far as the field tells: an event name or the key of the payload.
    pub detail: String,
    /// Who called the business, of a call by a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
}

/// A customer who calls the business.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    pub phone_number_id: String,
    pub user_id: String,
}

impl Other {
    /// The number is given when it takes its place in the traffic.
    pub(crate) fn new(field: &str, detail: &str) -> Self {
        Self {
            number: 0,
            field: field.to_owned(),
            detail: detail.to_owned(),
            caller: None,
        }
    }
}
