//! Messages with few members: text, reactions, pins.

use serde::Serialize;

use super::{
    Invalid,
    read::{Field, FieldResult, UNLIMITED},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// At most 4,096 characters.
    pub body: String,
    /// Shows a preview of the first link in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<bool>,
}

/// An emoji on a message of the last 30 days that is not itself a reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reaction {
    /// The wamid of the message.
    pub message_id: String,
    /// Empty to remove the reaction.
    pub emoji: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    #[serde(rename = "type")]
    pub operation: PinOperation,
    /// The wamid of the message.
    pub message_id: String,
    /// 1 to 30; for pins only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_days: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PinOperation {
    Pin,
    Unpin,
}

impl Text {
    pub(super) fn read(at: &Field<'_>) -> FieldResult<Self> {
        let mut text = at.object()?;
        let read = Self {
            body: text.text("body", 4_096)?,
            preview_url: text.optional_flag("preview_url")?,
        };
        text.deny_unknown().map(|()| read)
    }
}

impl Reaction {
    pub(super) fn read(at: &Field<'_>) -> FieldResult<Self> {
        let mut reaction = at.object()?;
        let message_id = reaction.text("message_id", UNLIMITED)?;
        let emoji = reaction.required("emoji")?;
        let text = emoji
            .value
            .as_str()
            .ok_or_else(|| emoji.problem("must be text; empty to take the reaction back"))?;
        let read = Self {
            message_id,
            emoji: text.to_owned(),
        };
        reaction.deny_unknown().map(|()| read)
    }
}

impl Pin {
    pub(super) fn read(at: &Field<'_>) -> FieldResult<Self> {
        let mut pin = at.object()?;
        let operation = match pin.required("type")?.one_of(&["pin", "unpin"])? {
            "pin" => PinOperation::Pin,
            _ => PinOperation::Unpin,
        };
        let message_id = pin.text("message_id", UNLIMITED)?;
        let days = pin
            .optional("expiration_days")
            .map(|at| at.integer(1..=30))
            .transpose()?;
        if operation == PinOperation::Pin && days.is_none() {
            return Err(Invalid::new(
                format!("{}.expiration_days", at.path),
                "is missing; a pin stays for 1 to 30 days",
            ));
        }
        let read = Self {
            operation,
            message_id,
            expiration_days: days,
        };
        pin.deny_unknown().map(|()| read)
    }
}
