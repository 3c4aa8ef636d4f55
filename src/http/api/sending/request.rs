//! Parses the request that sends a message.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    domain::{BatchId, ChannelId, ContactId, ConversationId, MessageTemplateId, SendLane},
    http::{body::decode_value, extract::Rfc3339, idempotency::is_valid_key, problem::Problem},
    messaging::{
        NewContent, NewMessage, RequestedRecipient,
        accept::{IdempotencyKey, IfWindowClosed},
    },
    meta::message::{Options, TYPES},
    records::messages::Labels,
    templates::local::LocalTemplateRef,
};

/// A message to be sent. Its payload is the member named like its type, as in Meta's own API: `"type": "text", "text": {"body": "…"}`.
#[derive(Deserialize, ToSchema)]
pub struct SendRequest {
    /// The number to send from. A message to a conversation may leave it out.
    channel_id: Option<ChannelId>,
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
    /// Not sent before this time, which may be up to 90 days ahead; one that has passed means at once. Consent, service window and template
    /// are looked at when it has come.
    #[schema(value_type = Option<DateTime<Utc>>)]
    send_at: Option<Rfc3339>,
    /// How urgent it is: `reply` (unless it is a template), `transactional` (for templates) or `campaign`.
    lane: Option<SendLane>,
    /// The caller's own name for it: searchable, and in its events.
    reference: Option<String>,
    /// The caller's own data: in the message and in its events.
    metadata: Option<Map<String, Value>>,
    /// As the header `Idempotency-Key`, for this message alone.
    idempotency_key: Option<String>,
    /// What becomes of it where the service window is known to be closed.
    #[serde(default)]
    if_window_closed: WindowRule,
    /// The payload under the name of the type, and Meta's rarer options.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    rest: Map<String, Value>,
}

#[derive(Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with exactly one of phone, user_id, group_id, contact_id and conversation_id, such as {\"phone\": \"+491511111111\"}"
)]
pub(crate) struct To {
    phone: Option<String>,
    user_id: Option<String>,
    group_id: Option<String>,
    contact_id: Option<ContactId>,
    conversation_id: Option<ConversationId>,
}

/// What becomes of a message that needs an open service window where none is known to be open: `refuse` answers 409 at once, `queue`
/// accepts it, and it fails unless the customer writes before its turn.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WindowRule {
    #[default]
    Refuse,
    Queue,
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

/// The members of every message.
const MEMBERS: [&str; 11] = [
    "channel_id",
    "to",
    "type",
    "context",
    "expires_at",
    "send_at",
    "lane",
    "reference",
    "metadata",
    "idempotency_key",
    "if_window_closed",
];

/// Maximum characters of a reference.
pub(crate) const REFERENCE_LENGTH: usize = 255;
/// Maximum length of the metadata as JSON, in bytes.
pub(crate) const METADATA_BYTES: usize = 4_096;

impl SendRequest {
    /// Returns the key that the body gives, with the digest of the body.
    pub fn key(&self, body: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(key) = &self.idempotency_key else {
            return Ok(None);
        };
        if !is_valid_key(key) {
            let detail = "idempotency_key: must have 1 to 255 visible characters.";
            return Err(Problem::invalid_field("idempotency_key", detail, Some(255)));
        }
        Ok(Some(IdempotencyKey {
            key: key.clone(),
            digest: Sha256::digest(body).into(),
        }))
    }

    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Converts the request to a message to be composed.
    pub fn message(
        mut self,
        idempotency: Option<IdempotencyKey>,
        batch: Option<BatchId>,
    ) -> Result<NewMessage, Problem> {
        let content = self.content()?;
        Ok(NewMessage {
            channel: self.channel_id,
            to: self.to.recipient()?,
            content,
            context: self.context.take().map(|context| context.message_id),
            expires_at: self.expires_at.take().map(|Rfc3339(at)| at),
            send_at: self.send_at.take().map(|Rfc3339(at)| at),
            lane: self.lane,
            labels: self.labels()?,
            options: self.options()?,
            idempotency,
            batch,
            if_window_closed: match self.if_window_closed {
                WindowRule::Refuse => IfWindowClosed::Refuse,
                WindowRule::Queue => IfWindowClosed::Queue,
            },
        })
    }

    fn labels(&mut self) -> Result<Labels, Problem> {
        let refuse = |field: &str, problem: String, limit| {
            Err(Problem::invalid_field(
                field,
                format!("{field}: {problem}."),
                Some(limit as u64),
            ))
        };
        let reference = self.reference.take();
        if let Some(text) = &reference
            && (text.trim().is_empty() || text.chars().count() > REFERENCE_LENGTH)
        {
            let problem = format!("must have 1 to {REFERENCE_LENGTH} characters");
            return refuse("reference", problem, REFERENCE_LENGTH);
        }
        let metadata = self.metadata.take().map(|metadata| Value::Object(metadata).to_string());
        if let Some(text) = &metadata
            && text.len() > METADATA_BYTES
        {
            let problem = format!(
                "must have at most {METADATA_BYTES} bytes as JSON; this has {}",
                text.len()
            );
            return refuse("metadata", problem, METADATA_BYTES);
        }
        Ok(Labels { reference, metadata })
    }

    /// Returns the type and the payload, or the message template that they come from.
    fn content(&mut self) -> Result<NewContent, Problem> {
        let from = match (self.kind.take(), self.message_template.take()) {
            (Some(kind), None) => {
                if !TYPES.contains(&kind.as_str()) {
                    let detail = format!("type: must be one of {}.", TYPES.join(", "));
                    return Err(Problem::invalid_field("type", detail, None));
                }
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
            let detail = format!(
                "{name}: there is no such member; a message has {}, and the member named like its type.",
                MEMBERS.join(", ")
            );
            return Err(Problem::invalid_field(name.clone(), detail, None));
        }
        decode_value(Value::Object(std::mem::take(&mut self.rest)))
    }
}

impl To {
    /// Returns the recipient that the object names.
    pub fn recipient(&self) -> Result<RequestedRecipient, Problem> {
        let Self {
            phone,
            user_id,
            group_id,
            contact_id,
            conversation_id,
        } = self;
        match (phone, user_id, group_id, contact_id, conversation_id) {
            (Some(phone), None, None, None, None) => Ok(RequestedRecipient::Phone(phone.clone())),
            (None, Some(id), None, None, None) => Ok(RequestedRecipient::UserId(id.clone())),
            (None, None, Some(id), None, None) => Ok(RequestedRecipient::Group(id.clone())),
            (None, None, None, Some(contact), None) => Ok(RequestedRecipient::Contact(*contact)),
            (None, None, None, None, Some(id)) => Ok(RequestedRecipient::Conversation(*id)),
            _ => {
                let detail = "to: must have exactly one of phone, user_id, group_id, contact_id and conversation_id.";
                Err(Problem::invalid_field("to", detail, None))
            }
        }
    }
}
