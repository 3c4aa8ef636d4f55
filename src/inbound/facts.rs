//! What is told to readers and receivers: domain events, versioned JSON, in the transaction that causes them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::messages::PlannedMessage;
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ChannelId, ContactId, ConversationId, TenantId},
    people::Resolved,
    store::{
        conversations::Pair,
        events::{self, NewEvent},
        messages::NewMessage,
        statuses::Joined,
    },
};

/// The shape of `data`; raised when a receiver could be surprised.
const VERSION: i64 = 1;

/// Something that happened.
pub struct Fact {
    tenant: TenantId,
    kind: &'static str,
    occurred_at: DateTime<Utc>,
    channel: Option<ChannelId>,
    conversation: Option<ConversationId>,
    /// A JSON object.
    data: String,
    /// The party it is about, whose contact is not known while planning.
    party: Option<usize>,
}

impl Fact {
    pub fn new(tenant: TenantId, kind: &'static str, occurred_at: DateTime<Utc>, data: String) -> Self {
        Self {
            tenant,
            kind,
            occurred_at,
            channel: None,
            conversation: None,
            data,
            party: None,
        }
    }

    pub fn on(self, channel: ChannelId) -> Self {
        Self {
            channel: Some(channel),
            ..self
        }
    }

    fn of(self, channel: ChannelId, conversation: ConversationId) -> Self {
        Self {
            conversation: Some(conversation),
            ..self.on(channel)
        }
    }

    pub fn about(self, party: usize) -> Self {
        Self {
            party: Some(party),
            ..self
        }
    }
}

/// The facts of one transaction, in the order they are told.
#[derive(Default)]
pub struct Facts(Vec<Fact>);

/// A message as events carry it; the API shows the same names.
#[derive(Serialize)]
struct MessageData<'a> {
    id: crate::domain::MessageId,
    wamid: &'a str,
    direction: &'a str,
    origin: &'a str,
    r#type: &'a str,
    status: &'a str,
    channel_id: ChannelId,
    conversation_id: ConversationId,
    contact_id: ContactId,
    from: Option<&'a str>,
    to: Option<&'a str>,
    text: Option<&'a str>,
    media_id: Option<crate::domain::MediaId>,
    context_wamid: Option<&'a str>,
    payload: Option<&'a RawValue>,
    timestamp: DateTime<Utc>,
    received_at: DateTime<Utc>,
}

impl Facts {
    pub fn contacts(&mut self, resolved: &Resolved, now: DateTime<Utc>) {
        for (tenant, contact) in &resolved.created {
            self.0.push(Fact::new(
                *tenant,
                "contact.created",
                now,
                json!({ "contact_id": contact }).to_string(),
            ));
        }
        for (tenant, contact) in &resolved.identified {
            self.0.push(Fact::new(
                *tenant,
                "contact.identity_changed",
                now,
                json!({ "contact_id": contact }).to_string(),
            ));
        }
        for (tenant, gone, survivor) in &resolved.merged {
            let data = json!({ "contact_id": survivor, "merged_contact_id": gone });
            self.0.push(Fact::new(*tenant, "contact.merged", now, data.to_string()));
        }
    }

    pub fn opened(&mut self, pair: Pair, conversation: ConversationId, at: DateTime<Utc>) {
        let data = json!({ "conversation_id": conversation, "contact_id": pair.contact });
        let fact = Fact::new(pair.tenant, "conversation.opened", at, data.to_string());
        self.0.push(fact.of(pair.channel, conversation));
    }

    /// A new message. History tells nothing: it is not news.
    pub fn message(&mut self, planned: &PlannedMessage, stored: &NewMessage) {
        let kind = match (planned.origin, stored.kind.as_str()) {
            ("customer", "edit") => "message.edited",
            ("customer", "revoke") => "message.revoked",
            ("customer", _) => "message.received",
            ("echo", _) => "message.echoed",
            _ => return,
        };
        let message = MessageData {
            id: stored.id,
            wamid: &stored.wamid,
            direction: stored.direction,
            origin: stored.origin,
            r#type: &stored.kind,
            status: stored.status.as_str(),
            channel_id: stored.channel,
            conversation_id: stored.conversation,
            contact_id: stored.contact,
            from: stored.sender.as_deref(),
            to: stored.recipient.as_deref(),
            text: stored.text.as_deref(),
            media_id: stored.media,
            context_wamid: stored.context_wamid.as_deref(),
            payload: serde_json::from_str(&stored.payload).ok(),
            timestamp: stored.sent_at,
            received_at: stored.received_at,
        };
        let data = serde_json::to_string(&message).expect("text, times and JSON always serialise");
        let data = format!("{{\"message\":{data}}}");
        let fact = Fact::new(stored.tenant, kind, stored.sent_at, data);
        self.0.push(fact.of(stored.channel, stored.conversation));
    }

    pub fn status(&mut self, status: Joined) {
        #[derive(Serialize)]
        struct Data<'a> {
            message_id: crate::domain::MessageId,
            wamid: &'a str,
            channel_id: ChannelId,
            status: &'a str,
            error_code: Option<i64>,
            error_title: Option<&'a str>,
            payload: Option<&'a RawValue>,
        }
        let data = Data {
            message_id: status.message_id,
            wamid: &status.wamid,
            channel_id: status.channel_id,
            status: &status.status,
            error_code: status.error_code,
            error_title: status.error_title.as_deref(),
            payload: serde_json::from_str(&status.payload).ok(),
        };
        let data = serde_json::to_string(&data).expect("text and JSON always serialise");
        let fact = Fact::new(status.tenant_id, "message.status", status.occurred_at, data);
        self.0.push(fact.of(status.channel_id, status.conversation_id));
    }

    /// Facts that were planned; those about a person now name the contact.
    pub fn planned(&mut self, facts: &[Fact], contacts: &[ContactId]) {
        for fact in facts {
            let data = match fact.party {
                Some(party) => {
                    let rest = fact.data.strip_prefix('{').unwrap_or("}");
                    format!("{{\"contact_id\":\"{}\",{rest}", contacts[party])
                }
                None => fact.data.clone(),
            };
            self.0.push(Fact {
                channel: fact.channel,
                ..Fact::new(fact.tenant, fact.kind, fact.occurred_at, data)
            });
        }
    }

    /// Facts that were put into their final form elsewhere.
    pub fn told(&mut self, events: Vec<NewEvent>) {
        let fact = |it: NewEvent| Fact {
            channel: it.channel,
            conversation: it.conversation,
            ..Fact::new(it.tenant, it.kind, it.occurred_at, it.data)
        };
        self.0.extend(events.into_iter().map(fact));
    }

    /// Writes them. The last thing before the commit: see [`events::append`].
    pub async fn append(self, tx: &mut Tx, clock: &Clock) -> Result<()> {
        let event = |fact: Fact| NewEvent {
            tenant: fact.tenant,
            id: clock.new_id(),
            kind: fact.kind,
            version: VERSION,
            occurred_at: fact.occurred_at,
            channel: fact.channel,
            conversation: fact.conversation,
            data: fact.data,
        };
        let new: Vec<NewEvent> = self.0.into_iter().map(event).collect();
        events::append(tx, &new, clock.now()).await
    }
}
