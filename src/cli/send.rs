//! `mainstay send`.

use std::fmt;

use chrono::{DateTime, Utc};
use clap::ArgGroup;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{ChannelId, ContactId, ConversationId, Ctx, MessageId},
    messaging::{
        NewContent, NewMessage, RequestedRecipient,
        accept::{AcceptedSend, IfWindowClosed, Outbox},
    },
    meta::message::Options,
    queue::Queues,
    records::{channels, messages::Labels},
    templates::local::LocalTemplateRef,
    tenancy,
};

/// A message of a channel to one recipient. It is committed here; a worker sends it.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("content").args(["text", "message_template", "payload"]).required(true))]
pub struct Args {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// Id of the channel to send from; may be left out where the tenant has one only.
    #[arg(long)]
    channel: Option<ChannelId>,
    /// A phone number with `+` and country code, a user id such as US.1349…, or the id of a contact.
    #[arg(long)]
    to: String,
    /// A text.
    #[arg(long)]
    text: Option<String>,
    /// The name of a message template.
    #[arg(long)]
    message_template: Option<String>,
    /// A variable of the message template; repeat it for each.
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable, requires = "message_template")]
    variables: Vec<(String, String)>,
    /// Any other type, as in `POST /api/v1/messages`: `{"type": "image", "image": {"link": "https://…"}}`.
    #[arg(long, value_name = "JSON", value_parser = payload)]
    payload: Option<Payload>,
    /// A name of your own for it, which finds it again.
    #[arg(long)]
    reference: Option<String>,
    /// When it is to be sent, such as 2026-12-24T09:00:00+01:00; at once unless it is given.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// What becomes of it where the customer's service window is closed.
    #[arg(long, value_enum, default_value = "refuse")]
    if_window_closed: WindowChoice,
}

/// The values of `--if-window-closed`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum WindowChoice {
    /// It is not taken.
    Refuse,
    /// It is queued, and fails unless the customer writes before its turn.
    Queue,
}

/// A type and what Meta has under its name.
#[derive(Clone, Debug)]
struct Payload {
    kind: String,
    payload: Value,
}

#[derive(Serialize)]
struct Sent {
    id: MessageId,
    status: &'static str,
    channel_id: ChannelId,
    conversation_id: ConversationId,
    contact_id: ContactId,
    send_at: Option<DateTime<Utc>>,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        let ctx = Ctx::operator(tenant.id);
        let message = self.message(operator, &ctx).await?;
        let sent = send(operator, &ctx, message).await?;
        CommandOutput::new(&Sent::from(sent))
    }

    async fn message(self, operator: &OperatorContext, ctx: &Ctx) -> anyhow::Result<NewMessage> {
        let channel = match self.channel {
            Some(channel) => channel,
            None => {
                let mut all = channels::of_tenant(operator.registry.db.writer(), ctx.tenant).await?;
                all.retain(|channel| channel.archived_at.is_none());
                match all.as_slice() {
                    [only] => only.id,
                    all => anyhow::bail!("the tenant has {} channels: name one with --channel", all.len()),
                }
            }
        };
        let content = match (self.text, self.message_template, self.payload) {
            (Some(text), ..) => NewContent::Payload {
                kind: "text".to_owned(),
                payload: json!({ "body": text }),
            },
            (None, Some(name), _) => NewContent::MessageTemplate {
                which: LocalTemplateRef::Name(name),
                variables: self
                    .variables
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            },
            (None, None, Some(Payload { kind, payload })) => NewContent::Payload { kind, payload },
            (None, None, None) => anyhow::bail!("give --text, --message-template or --payload"),
        };
        Ok(NewMessage {
            channel: Some(channel),
            to: recipient(&self.to),
            content,
            context: None,
            expires_at: None,
            send_at: self.at,
            lane: None,
            options: Options::default(),
            idempotency: None,
            labels: Labels {
                reference: self.reference,
                metadata: None,
            },
            batch: None,
            if_window_closed: match self.if_window_closed {
                WindowChoice::Refuse => IfWindowClosed::Refuse,
                WindowChoice::Queue => IfWindowClosed::Queue,
            },
        })
    }
}

/// Composes the message and commits it. Its job is found by the sweep of a worker: this process has no queue.
async fn send(operator: &OperatorContext, ctx: &Ctx, message: NewMessage) -> anyhow::Result<AcceptedSend> {
    let request = operator.composer().await?.compose(ctx, message).await?;
    let (db, clock) = (operator.registry.db.clone(), operator.registry.clock.clone());
    let ends = CancellationToken::new();
    let (outbox, writer) = Outbox::start(db, clock.clone(), Queues::in_memory(clock), 1, ends.clone());
    let answer = outbox.put(vec![request]).await.pop();
    ends.cancel();
    writer.await?;
    Ok(answer.ok_or_else(|| anyhow::anyhow!("the message was not stored"))??)
}

/// Parses a recipient: the id of a contact, a user id, or else a phone number.
fn recipient(text: &str) -> RequestedRecipient {
    if let Ok(contact) = text.parse() {
        return RequestedRecipient::Contact(contact);
    }
    let is_user_id = text.as_bytes().get(2) == Some(&b'.') && text[..2].bytes().all(|byte| byte.is_ascii_uppercase());
    match is_user_id {
        true => RequestedRecipient::UserId(text.to_owned()),
        false => RequestedRecipient::Phone(text.to_owned()),
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|at| at.to_utc())
        .map_err(|_| "write it as 2026-12-24T09:00:00+01:00".to_owned())
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn payload(text: &str) -> Result<Payload, String> {
    let mut members: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(Value::String(kind)) = members.remove("type") else {
        return Err(
            "must be an object with `type`, such as {\"type\": \"text\", \"text\": {\"body\": \"Hello\"}}".to_owned(),
        );
    };
    let payload = members
        .remove(&kind)
        .ok_or_else(|| format!("lacks the member `{kind}`"))?;
    match members.keys().next() {
        Some(other) => Err(format!("has a member `{other}` beside `type` and `{kind}`")),
        None => Ok(Payload { kind, payload }),
    }
}

impl From<AcceptedSend> for Sent {
    fn from(accepted: AcceptedSend) -> Self {
        Self {
            id: accepted.id,
            status: "queued",
            channel_id: accepted.channel,
            conversation_id: accepted.conversation,
            contact_id: accepted.contact,
            send_at: accepted.send_at,
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.send_at {
            None => write!(f, "message  {}\nqueued: a worker sends it", self.id),
            Some(at) => write!(
                f,
                "message  {}\nqueued: a worker sends it at {}",
                self.id,
                at.to_rfc3339()
            ),
        }
    }
}
