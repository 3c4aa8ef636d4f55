//! Request body around a payload: recipient, context, callback data, options.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

use super::Outbound;

/// Recipient of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageRecipient {
    /// Digits with the country code. Sent with `+`, because otherwise Meta prepends the business's own country code.
    Phone(String),
    /// A business-scoped user id, `US.1349…`, or a parent user id.
    UserId(String),
    Group(String),
}

/// Kind of recipient. Groups accept fewer types than persons, and pins in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Person,
    Group,
}

impl MessageRecipient {
    pub fn audience(&self) -> Audience {
        match self {
            Self::Phone(_) | Self::UserId(_) => Audience::Person,
            Self::Group(_) => Audience::Group,
        }
    }
}

/// Everything in a request besides the payload.
#[derive(Clone, Copy, Debug)]
pub struct SendEnvelope<'a> {
    pub to: &'a MessageRecipient,
    /// Wamid of the message replied to. `None` for reactions, which name their message themselves.
    pub context: Option<&'a str>,
    /// `biz_opaque_callback_data`, at most 512 characters; returned with the statuses. Holds the attempt's id.
    pub opaque: &'a str,
    pub options: &'a Options,
}

/// Optional members that any message may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Fails the message (137000) if the customer's identity is no longer the one with this hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_identity_key_hash: Option<String>,
    /// Whether Meta may use the customer's activity on a marketing message to improve marketing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_activity_sharing: Option<bool>,
    /// For the Marketing Messages API only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_policy: Option<ProductPolicy>,
}

/// Fallback of the Marketing Messages API for a message that it cannot send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", try_from = "String")]
pub enum ProductPolicy {
    /// Sends it through the Cloud API.
    CloudApiFallback,
    /// Fails it.
    Strict,
}

/// Accepts either case.
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

/// A stored file has no media id from Meta yet, so the request cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnresolvedMedia(String);

pub(super) fn write(message: &Outbound, envelope: &SendEnvelope<'_>) -> Result<String, UnresolvedMedia> {
    let request = Request { message, envelope };
    serde_json::to_string(&request).map_err(|error| UnresolvedMedia(error.to_string()))
}

struct Request<'a> {
    message: &'a Outbound,
    envelope: &'a SendEnvelope<'a>,
}

#[derive(Serialize)]
struct Context<'a> {
    message_id: &'a str,
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let SendEnvelope {
            to: recipient,
            context,
            opaque,
            options,
        } = *self.envelope;
        let mut body = to.serialize_map(None)?;
        body.serialize_entry("messaging_product", "whatsapp")?;
        let (kind, key, address) = match recipient {
            MessageRecipient::Phone(digits) => ("individual", "to", format!("+{}", digits.trim_start_matches('+'))),
            MessageRecipient::UserId(id) => ("individual", "recipient", id.clone()),
            MessageRecipient::Group(id) => ("group", "to", id.clone()),
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
