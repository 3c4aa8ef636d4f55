use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::files;
use crate::{
    app::App,
    domain::{ChannelId, ContactId, MessageId, SendLane, TenantId},
    http::problem::Problem,
    meta::message::{Options, Outbound, Recipient},
    outbox::{Address, Ask},
    store::messages,
};

/// A message to be sent. What it says stands under the name of its type, as in Meta's own API: `"type": "text", "text": {"body": "…"}`.
#[derive(Deserialize, ToSchema)]
pub struct SendRequest {
    /// The number to send from.
    channel_id: ChannelId,
    to: To,
    /// `text`, `image`, `audio`, `video`, `document`, `sticker`, `location`, `contacts`, `reaction`, `interactive` or `template`.
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: String,
    /// The message that is answered.
    context: Option<Context>,
    /// Not sent after this time.
    expires_at: Option<DateTime<Utc>>,
    /// How urgent it is: `reply` (unless it is a template), `transactional` (for templates) or `campaign`.
    lane: Option<SendLane>,
    /// The payload under the name of the type, and Meta's seldom options.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    rest: Map<String, Value>,
}

/// Exactly one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// International, with the country code.
    phone: Option<String>,
    /// Business-scoped user id.
    user_id: Option<String>,
    /// Meta's id of a group the number is in.
    group_id: Option<String>,
    contact_id: Option<ContactId>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Context {
    /// Our id of the message, or Meta's.
    message_id: String,
}

/// Members that belong around the payload.
const OPTIONS: [&str; 3] = [
    "recipient_identity_key_hash",
    "message_activity_sharing",
    "product_policy",
];

impl SendRequest {
    /// The same, checked against every limit.
    pub async fn ask(mut self, app: &App, tenant: TenantId) -> Result<Ask, Problem> {
        let to = self.to.address()?;
        let payload = self.rest.remove(&self.kind).unwrap_or(Value::Null);
        let options = self.options()?;
        let payload = named(app, tenant, &self.kind, payload).await?;
        let mut message = Outbound::parse(&self.kind, &payload)?;
        if let Address::Group(id) = &to {
            message.fits(&Recipient::Group(id.clone()))?;
        }
        let invalid = files::unsendable(app, tenant, &mut message, &payload).await?;
        let directory = app.directory.current();
        let route = directory
            .channel(self.channel_id)
            .filter(|route| route.tenant == tenant);
        let route = route.ok_or_else(|| {
            let detail = format!("channel_id: there is no channel {}.", self.channel_id);
            Problem::field("channel_id", detail, None)
        })?;
        let context_wamid = match self.context {
            Some(context) => Some(wamid(app, tenant, &context.message_id, "context.message_id").await?),
            None => None,
        };
        let lane = self.lane.unwrap_or(match message.template() {
            Some(_) => SendLane::Transactional,
            None => SendLane::Reply,
        });
        Ok(Ask {
            tenant,
            channel: route.channel,
            sender: route.display_phone_number.clone(),
            to,
            lane,
            kind: message.kind(),
            text: message.preview(),
            content: payload.to_string(),
            options: serde_json::to_string(&options).map_err(|_| Problem::internal())?,
            context_wamid,
            expires_at: self.expires_at,
            invalid,
            idempotency: None,
        })
    }

    fn options(&mut self) -> Result<Options, Problem> {
        let unknown = self.rest.keys().find(|name| !OPTIONS.contains(&name.as_str()));
        if let Some(name) = unknown {
            let detail = format!(
                "{name}: there is no such member; the payload stands under `{}`.",
                self.kind
            );
            return Err(Problem::field(name.clone(), detail, None));
        }
        serde_json::from_value(Value::Object(std::mem::take(&mut self.rest)))
            .map_err(|error| Problem::invalid(format!("The options are not understood: {error}.")))
    }
}

impl To {
    pub fn address(&self) -> Result<Address, Problem> {
        match (&self.phone, &self.user_id, &self.group_id, self.contact_id) {
            (Some(phone), None, None, None) => Ok(Address::phone(phone)?),
            (None, Some(id), None, None) => Ok(Address::user_id(id)?),
            (None, None, Some(id), None) => Ok(Address::group(id)?),
            (None, None, None, Some(contact)) => Ok(Address::Contact(contact)),
            _ => {
                let detail = "to: must have exactly one of phone, user_id, group_id and contact_id.";
                Err(Problem::field("to", detail, None))
            }
        }
    }
}

/// A reaction may name its message by our id, too.
async fn named(app: &App, tenant: TenantId, kind: &str, mut payload: Value) -> Result<Value, Problem> {
    if kind == "reaction"
        && let Some(id) = payload.get("message_id").and_then(Value::as_str)
    {
        payload["message_id"] = wamid(app, tenant, id, "reaction.message_id").await?.into();
    }
    Ok(payload)
}

/// Meta's id of a message named by either.
async fn wamid(app: &App, tenant: TenantId, id: &str, field: &str) -> Result<String, Problem> {
    let Ok(id) = id.parse::<MessageId>() else {
        return Ok(id.to_owned());
    };
    let found = messages::find(app.db.reader(), tenant, id).await?;
    found.and_then(|message| message.wamid).ok_or_else(|| {
        let detail = format!("{field}: there is no message {id} that Meta knows.");
        Problem::field(field, detail, None)
    })
}
