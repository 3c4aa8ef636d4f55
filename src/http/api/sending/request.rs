//! Parses the request that sends a message.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::files;
use crate::{
    app::App,
    domain::{ChannelId, ContactId, MessageId, MessageTemplateId, SendLane, TenantId},
    http::{api::templates::message_template_problem, body::decode_value, extract::Rfc3339, problem::Problem},
    messaging::accept::{AcceptRequest, Address, TemplateUse, Unaddressable},
    meta::message::{Options, Outbound},
    records::{contacts, messages},
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
pub struct To {
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
    /// Checks the request against every limit and converts it to an [`AcceptRequest`].
    pub async fn ask(mut self, app: &App, tenant: TenantId) -> Result<AcceptRequest, Problem> {
        let to = self.to.address(app, tenant).await?;
        let (kind, payload) = self.content(app, tenant).await?;
        let options = self.options()?;
        let payload = resolve_references(app, tenant, &kind, payload).await?;
        let mut message = Outbound::parse(&kind, &payload)?;
        message.check_audience(to.audience())?;
        message.check_expiry(app.clock.now())?;
        let invalid = files::check_files(app, tenant, &mut message, &payload).await?;
        let directory = app.directory.current();
        let route = directory
            .channel(self.channel_id)
            .filter(|route| route.tenant == tenant);
        let route = route.ok_or_else(|| {
            let detail = format!("channel_id: there is no channel {}.", self.channel_id);
            Problem::invalid_field("channel_id", detail, None)
        })?;
        let context_wamid = match self.context {
            Some(context) => Some(resolve_wamid(app, tenant, &context.message_id, "context.message_id").await?),
            None => None,
        };
        let lane = self.lane.unwrap_or(match message.template() {
            Some(_) => SendLane::Transactional,
            None => SendLane::Reply,
        });
        Ok(AcceptRequest {
            tenant,
            channel: route.channel,
            sender: route.display_phone_number.clone(),
            to,
            lane,
            kind: message.kind(),
            template: message.template().map(|template| TemplateUse {
                waba_id: route.waba_id.clone(),
                template: template.clone(),
            }),
            text: message.preview(),
            content: payload.to_string(),
            options: serde_json::to_string(&options).map_err(|_| Problem::internal())?,
            context_wamid,
            expires_at: self.expires_at.map(|Rfc3339(at)| at),
            invalid,
            idempotency: None,
        })
    }

    /// Returns the type and the payload, given in the request or filled in from a template.
    async fn content(&mut self, app: &App, tenant: TenantId) -> Result<(String, Value), Problem> {
        let from = match (self.kind.take(), self.message_template.take()) {
            (Some(kind), None) => {
                let payload = self.rest.remove(&kind).unwrap_or(Value::Null);
                return Ok((kind, payload));
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
        let filled = app.templates.fill_local(tenant, &which, None, &from.variables).await;
        let filled = filled.map_err(message_template_problem)?;
        Ok((filled.kind, filled.payload))
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
    pub async fn address(&self, app: &App, tenant: TenantId) -> Result<Address, Problem> {
        match (&self.phone, &self.user_id, &self.group_id, self.contact_id) {
            (Some(phone), None, None, None) => match Address::phone(phone) {
                // Numbers known from answers and webhooks are accepted even if the tables of valid numbers lack them.
                Err(Unaddressable::National(digits))
                    if contacts::is_known(app.db.reader(), tenant, &digits).await? =>
                {
                    Ok(Address::Phone(digits))
                }
                address => Ok(address?),
            },
            (None, Some(id), None, None) => Ok(Address::user_id(id)?),
            (None, None, Some(id), None) => Ok(Address::group(id)?),
            (None, None, None, Some(contact)) => Ok(Address::Contact(contact)),
            _ => {
                let detail = "to: must have exactly one of phone, user_id, group_id and contact_id.";
                Err(Problem::invalid_field("to", detail, None))
            }
        }
    }
}

/// Fills in what the payload refers to: the wamid of a reaction's message, and the file name of a document of ours.
async fn resolve_references(app: &App, tenant: TenantId, kind: &str, mut payload: Value) -> Result<Value, Problem> {
    if kind == "reaction"
        && let Some(id) = payload.get("message_id").and_then(Value::as_str)
    {
        payload["message_id"] = resolve_wamid(app, tenant, id, "reaction.message_id").await?.into();
    }
    if kind == "document" {
        files::set_document_filename(app, tenant, &mut payload).await?;
    }
    Ok(payload)
}

/// Returns the wamid of a message given by our id or by its wamid.
async fn resolve_wamid(app: &App, tenant: TenantId, id: &str, field: &str) -> Result<String, Problem> {
    if id.trim().is_empty() {
        return Err(Problem::invalid_field(
            field,
            format!("{field}: must not be empty."),
            None,
        ));
    }
    let Ok(id) = id.parse::<MessageId>() else {
        return Ok(id.to_owned());
    };
    let found = messages::find(app.db.reader(), tenant, id).await?;
    found.and_then(|message| message.wamid).ok_or_else(|| {
        let detail = format!("{field}: there is no message {id} that Meta knows.");
        Problem::invalid_field(field, detail, None)
    })
}
