//! The request around a payload: to whom, in answer to what, tagged how.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

use super::Outbound;

/// To whom a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// Digits with the country code. Sent with `+`, or Meta would prepend the code of the business's own country.
    Phone(String),
    /// A business-scoped user id, `US.1349…`, or the parent's.
    UserId(String),
    Group(String),
}

/// Groups take fewer types than people do, and one that people do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Person,
    Group,
}

impl Recipient {
    pub fn audience(&self) -> Audience {
        match self {
            Self::Phone(_) | Self::UserId(_) => Audience::Person,
            Self::Group(_) => Audience::Group,
        }
    }
}

/// What a payload is sent in.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub to: &'a Recipient,
    /// The wamid that is answered. A reaction has none: it names its message itself.
    pub context: Option<&'a str>,
    /// Comes back with the statuses (`biz_opaque_callback_data`), at most 512 characters: the id of the attempt.
    pub opaque: &'a str,
    pub options: &'a Options,
}

/// What may be said of any message, and seldom is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Fails the message (137000) if the customer's identity is no longer the one with this hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_identity_key_hash: Option<String>,
    /// Whether Meta may use what the customer does with a marketing message to improve marketing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_activity_sharing: Option<bool>,
    /// Of the Marketing Messages API, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_policy: Option<ProductPolicy>,
}

/// What the Marketing Messages API does with a message it cannot send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", try_from = "String")]
pub enum ProductPolicy {
    /// Sends it through the Cloud API.
    CloudApiFallback,
    /// Fails it.
    Strict,
}

/// In either case.
impl TryFrom<String> for ProductPolicy {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.to_ascii_uppercase().as_str() {
            "CLOUD_API_FALLBACK" => Ok(Self::CloudApiFallback),
            "STRICT" => Ok(Self::Strict),
            _ => Err("must be one of CLOUD_API_FALLBACK and STRICT"),
        }
    }
}

/// A file of ours has no id from Meta yet, so there is no request Meta would understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(String);

pub(super) fn write(message: &Outbound, envelope: &Envelope<'_>) -> Result<String, Unresolved> {
    let request = Request { message, envelope };
    serde_json::to_string(&request).map_err(|error| Unresolved(error.to_string()))
}

struct Request<'a> {
    message: &'a Outbound,
    envelope: &'a Envelope<'a>,
}

#[derive(Serialize)]
struct Context<'a> {
    message_id: &'a str,
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Envelope {
            to: recipient,
            context,
            opaque,
            options,
        } = *self.envelope;
        let mut body = to.serialize_map(None)?;
        body.serialize_entry("messaging_product", "whatsapp")?;
        let (kind, key, address) = match recipient {
            Recipient::Phone(digits) => ("individual", "to", format!("+{}", digits.trim_start_matches('+'))),
            Recipient::UserId(id) => ("individual", "recipient", id.clone()),
            Recipient::Group(id) => ("group", "to", id.clone()),
        };
        body.serialize_entry("recipient_type", kind)?;
        body.serialize_entry(key, &address)?;
        if let Some(message_id) = context {
            body.serialize_entry("context", &Context { message_id })?;
        }
        body.serialize_entry("biz_opaque_callback_data", opaque)?;
        if let Some(hash) = &options.recipient_identity_key_hash {
            body.serialize_entry("recipient_identity_key_hash", hash)?;
        }
        if let Some(sharing) = options.message_activity_sharing {
            body.serialize_entry("message_activity_sharing", &sharing)?;
        }
        if let Some(policy) = options.product_policy {
            body.serialize_entry("product_policy", &policy)?;
        }
        body.serialize_entry("type", self.message.kind())?;
        body.serialize_entry(self.message.kind(), self.message)?;
        body.end()
    }
}
