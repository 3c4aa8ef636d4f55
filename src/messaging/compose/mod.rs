//! Composes messages: from what a caller describes to what [`super::accept`] commits. API, command line, campaigns, flows and inbox go
//! through here.
//!
//! 1. Conversations that are addressed are read; message templates are filled, each distinct one read once; templates with `variables`
//!    get their components.
//! 2. What the messages of a page refer to (messages, files, numbers) is read with one statement per kind.
//! 3. Each message is checked against every limit Meta documents. What is stored is canonical; attempts do not check it again.

mod conversations;
mod files;
mod references;
mod variables;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use self::{conversations::Conversations, references::References};
use crate::{
    clock::Clock,
    db::{self, Db},
    directory::{Directory, Route},
    domain::{BatchId, ChannelId, ContactId, ConversationId, Ctx, MessageId, SendLane},
    messaging::accept::{AcceptRequest, Address, IdempotencyKey, IfWindowClosed, TemplateUse, Unaddressable},
    provider::{
        NotSupported, capabilities,
        message::{Invalid, Options, Outbound},
    },
    records::messages::Labels,
    templates::{
        TemplateService,
        local::{LocalContent, LocalError, LocalTemplateRef},
    },
};

/// A message as its caller describes it.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// May be left out where the recipient is a conversation.
    pub channel: Option<ChannelId>,
    pub to: RequestedRecipient,
    pub content: NewContent,
    /// Our id or Meta's of the message that this one replies to.
    pub context: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Not sent before this time.
    pub send_at: Option<DateTime<Utc>>,
    /// `transactional` for templates and `reply` for the rest by default.
    pub lane: Option<SendLane>,
    pub options: Options,
    pub idempotency: Option<IdempotencyKey>,
    pub labels: Labels,
    pub batch: Option<BatchId>,
    pub if_window_closed: IfWindowClosed,
}

/// A recipient as the caller names it, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedRecipient {
    /// A number as people write it.
    Phone(String),
    /// A business-scoped user id.
    UserId(String),
    /// Meta's id of a group.
    Group(String),
    Contact(ContactId),
    /// The contact of a conversation, on its channel.
    Conversation(ConversationId),
}

/// The content of a new message.
#[derive(Clone, Debug)]
pub enum NewContent {
    /// Meta's type, and what Meta has under that name.
    Payload { kind: String, payload: Value },
    /// The active version of a message template, with a value for each of its variables.
    MessageTemplate {
        which: LocalTemplateRef,
        variables: Map<String, Value>,
    },
}

impl Default for NewContent {
    fn default() -> Self {
        Self::Payload {
            kind: String::new(),
            payload: Value::Null,
        }
    }
}

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Recipient(#[from] Unaddressable),
    #[error("message_template: {0}")]
    MessageTemplate(LocalError),
    #[error(transparent)]
    NotSupported(#[from] NotSupported),
    #[error("internal error")]
    Internal,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Resources for composing messages. Clones share them.
#[derive(Clone)]
pub struct Composer {
    pub db: Db,
    pub clock: Clock,
    pub directory: Directory,
    pub templates: TemplateService,
}

type Composed = Result<AcceptRequest, ComposeError>;

/// A message whose recipient is parsed and whose channel is known, with the type and payload that it has or that its message template
/// gave.
struct FilledMessage {
    channel: ChannelId,
    to: Result<Address, Unaddressable>,
    kind: String,
    payload: Value,
    /// What [`Self::payload`] was made from.
    message: NewMessage,
}

impl Composer {
    /// Composes one message.
    pub async fn compose(&self, ctx: &Ctx, message: NewMessage) -> Composed {
        let composed = self.compose_page(ctx, vec![message]).await?;
        composed.into_iter().next().unwrap_or(Err(ComposeError::Internal))
    }

    /// Composes a page of messages. Returns a result for each, in order.
    pub async fn compose_page(&self, ctx: &Ctx, messages: Vec<NewMessage>) -> db::Result<Vec<Composed>> {
        let conversations = Conversations::load(self, ctx, messages.iter().map(|it| &it.to)).await?;
        let mut filled = self.fill(ctx, &conversations, messages).await;
        self.fill_variables(ctx, &mut filled).await?;
        let known = References::load(self, ctx, filled.iter().flatten()).await?;
        let compose =
            |filled: Result<FilledMessage, _>| filled.and_then(|filled| self.compose_filled(ctx, &known, filled));
        Ok(filled.into_iter().map(compose).collect())
    }

    /// Checks a recipient, as that of a message.
    pub(crate) async fn recipient(&self, ctx: &Ctx, to: &RequestedRecipient) -> Result<Address, ComposeError> {
        let to = Conversations::load(self, ctx, [to]).await?.parse(to);
        let known = References::of_recipient(self, ctx, &to).await?;
        known.address(to)
    }

    /// Parses each message's recipient, and takes its type and payload or fills its message template.
    async fn fill(
        &self,
        ctx: &Ctx,
        conversations: &Conversations,
        messages: Vec<NewMessage>,
    ) -> Vec<Result<FilledMessage, ComposeError>> {
        let mut read: HashMap<LocalTemplateRef, LocalContent> = HashMap::new();
        let mut filled = Vec::with_capacity(messages.len());
        for mut message in messages {
            let content = std::mem::take(&mut message.content);
            let content = match content {
                NewContent::Payload { kind, payload } => Ok((kind, payload)),
                NewContent::MessageTemplate { which, variables } => {
                    self.fill_template(ctx, &mut read, which, &variables).await
                }
            };
            let fill = |(kind, payload)| {
                let to = conversations.parse(&message.to);
                let channel = conversations.channel(&message)?;
                Ok(FilledMessage {
                    channel,
                    to,
                    kind,
                    payload,
                    message,
                })
            };
            filled.push(content.map_err(ComposeError::MessageTemplate).and_then(fill));
        }
        filled
    }

    async fn fill_template(
        &self,
        ctx: &Ctx,
        read: &mut HashMap<LocalTemplateRef, LocalContent>,
        which: LocalTemplateRef,
        variables: &Map<String, Value>,
    ) -> Result<(String, Value), LocalError> {
        if !read.contains_key(&which) {
            let content = self.templates.local_content(ctx.tenant, &which, None).await?;
            read.insert(which.clone(), content);
        }
        let filled = read[&which].fill(variables)?;
        Ok((filled.kind, filled.payload))
    }

    fn compose_filled(&self, ctx: &Ctx, known: &References, message: FilledMessage) -> Composed {
        let to = known.address(message.to)?;
        let payload = known.resolve(&message.kind, message.payload)?;
        let mut outbound = Outbound::parse(&message.kind, &payload)?;
        outbound.check_audience(to.audience())?;
        let now = self.clock.now();
        outbound.check_expiry(message.message.send_at.map_or(now, |at| at.max(now)))?;
        let invalid = known.check_files(&mut outbound, &payload);
        let route = self.route(ctx, message.channel)?;
        capabilities(route.provider).check_kind(outbound.kind())?;
        let NewMessage {
            context,
            expires_at,
            send_at,
            lane,
            options,
            idempotency,
            labels,
            batch,
            if_window_closed,
            ..
        } = message.message;
        let wamid = |id: String| known.wamid(&id, "context.message_id");
        let lane = lane.unwrap_or(match outbound.template() {
            Some(_) => SendLane::Transactional,
            None => SendLane::Reply,
        });
        Ok(AcceptRequest {
            tenant: ctx.tenant,
            created_by: ctx.actor,
            channel: route.channel,
            sender: route.display_phone_number.clone(),
            to,
            lane,
            kind: outbound.kind(),
            template: outbound.template().map(|template| TemplateUse {
                waba_id: route.account().to_owned(),
                template: template.clone(),
            }),
            text: outbound.preview(),
            content: payload.to_string(),
            options: serde_json::to_string(&options).map_err(|_| ComposeError::Internal)?,
            context_wamid: context.map(wamid).transpose()?,
            expires_at,
            send_at,
            invalid,
            idempotency,
            labels,
            batch,
            if_window_closed,
        })
    }

    fn route(&self, ctx: &Ctx, channel: ChannelId) -> Result<Route, Invalid> {
        let directory = self.directory.current();
        let route = directory.channel(channel).filter(|route| route.tenant == ctx.tenant);
        let unknown = || Invalid::new("channel_id", format!("there is no channel {channel}"));
        route.cloned().ok_or_else(unknown)
    }
}

impl FilledMessage {
    /// Returns the ids of our own messages that it refers to: the one it replies to, and the one a reaction is for.
    fn messages(&self) -> impl Iterator<Item = MessageId> + use<'_> {
        let reacted = (self.kind == "reaction")
            .then(|| self.payload.get("message_id")?.as_str())
            .flatten();
        let named = self.message.context.as_deref().into_iter().chain(reacted);
        named.filter_map(|id| id.parse().ok())
    }
}
