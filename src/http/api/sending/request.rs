//! Parses the request that sends a message.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    domain::{ChannelId, ContactId, MessageTemplateId, SendLane},
    http::{body::decode_value, extract::Rfc3339, problem::Problem},
    messaging::{NewContent, NewMessage, RequestedRecipient, accept::IdempotencyKey},
    meta::message::Options,
    templates::local::LocalTemplateRef,
};

/// A message to be sent. Its payload is the member named like its type, as in Meta's own API: `"type": "text", "text": {"body": "…"}`.
#[derive(Deserialize, ToSchema)]
pub struct SendRequest {
    /// The number to send from.
    channel_id: ChannelId,
    to: To,
    /// `text`, `image`, `audio`, `video`, `document`, `sticker`, `location`, `contacts`, `reaction`, `interactive` or `template`;
    /// left out where `message_template` is given.
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: Option<String>,
    /// A message template of ours, instead of a type and a payload.
    message_template: Option<FromTemplate>,
    /// The message that this one replies to.
    context: Option<Context>,
    /// Not sent after this time.
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<Rfc3339>,
    /// How urgent it is: `reply` (unless it is a template), `transactional` (for templates) or `campaign`.
    lane: Option<SendLane>,
    /// The payload under the name of the type, and Meta's rarer options.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with exactly one of phone, user_id, group_id and contact_id, such as {\"phone\": \"+491511111111\"}"
)]
pub(crate) struct To {
    phone: Option<String>,
    user_id: Option<String>,
    group_id: Option<String>,
    contact_id: Option<ContactId>,
}

#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with message_id, the id of the message that is answered"
)]
struct Context {
    /// Our id of the message, or Meta's.
    message_id: String,
}

/// A message created from a message template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with id or name, and with variables")]
struct FromTemplate {
    /// The template, by its id or by its name.
    id: Option<MessageTemplateId>,
    name: Option<String>,
    /// A text or a number for each of its variables.
    #[serde(default)]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
}

/// Meta's options, which go beside the payload.
const OPTIONS: [&str; 3] = [
    "recipient_identity_key_hash",
    "message_activity_sharing",
    "product_policy",
];

impl SendRequest {
    /// Converts the request to a message to be composed.
    pub fn message(mut self, idempotency: Option<IdempotencyKey>) -> Result<NewMessage, Problem> {
        let content = self.content()?;
        Ok(NewMessage {
            channel: self.channel_id,
            to: self.to.recipient()?,
            content,
            context: self.context.take().map(|context| context.message_id),
            expires_at: self.expires_at.take().map(|Rfc3339(at)| at),
            lane: self.lane,
            options: self.options()?,
            idempotency,
        })
    }

    /// Returns the type and the payload, or the message template that they come from.
    fn content(&mut self) -> Result<NewContent, Problem> {
        let from = match (self.kind.take(), self.message_template.take()) {
            (Some(kind), None) => {
                let payload = self.rest.remove(&kind).unwrap_or(Value::Null);
                return Ok(NewContent::Payload { kind, payload });
            }
            (None, Some(from)) => from,
            (None, None) => {
                let detail = "type: is missing; give a type and its payload, or message_template.";
                return Err(Problem::invalid_field("type", detail, None));
            }
            (Some(_), Some(_)) => {
                let detail = "message_template: stands in the place of type and payload; give one or the other.";
                return Err(Problem::invalid_field("message_template", detail, None));
            }
        };
        let which = match (from.id, from.name) {
            (Some(id), None) => LocalTemplateRef::Id(id),
            (None, Some(name)) => LocalTemplateRef::Name(name),
            _ => {
                let detail = "message_template: must have exactly one of id and name.";
                return Err(Problem::invalid_field("message_template", detail, None));
            }
        };
        let variables = from.variables;
        Ok(NewContent::MessageTemplate { which, variables })
    }

    fn options(&mut self) -> Result<Options, Problem> {
        let unknown = self.rest.keys().find(|name| !OPTIONS.contains(&name.as_str()));
        if let Some(name) = unknown {
            let detail = format!("{name}: there is no such member; the payload stands under the name of its type.");
            return Err(Problem::invalid_field(name.clone(), detail, None));
        }
        decode_value(Value::Object(std::mem::take(&mut self.rest)))
    }
}

impl To {
    /// Returns the recipient that the object names.
    pub fn recipient(&self) -> Result<RequestedRecipient, Problem> {
        match (&self.phone, &self.user_id, &self.group_id, self.contact_id) {
            (Some(phone), None, None, None) => Ok(RequestedRecipient::Phone(phone.clone())),
            (None, Some(id), None, None) => Ok(RequestedRecipient::UserId(id.clone())),
            (None, None, Some(id), None) => Ok(RequestedRecipient::Group(id.clone())),
            (None, None, None, Some(contact)) => Ok(RequestedRecipient::Contact(contact)),
            _ => {
                let detail = "to: must have exactly one of phone, user_id, group_id and contact_id.";
                Err(Problem::invalid_field("to", detail, None))
            }
        }
    }
}
