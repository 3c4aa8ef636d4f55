use chrono::{DateTime, Utc};
use serde::Serialize;

use super::NewEvent;
use crate::{
    clock::Clock,
    domain::{Actor, ChannelId, ConversationId, TenantId},
    events::EventType,
};

impl NewEvent {
    /// Returns an event of which the program itself is the actor. `data` is the struct declared beside the event type.
    pub fn new(
        clock: &Clock,
        tenant: TenantId,
        of: &'static EventType,
        occurred_at: DateTime<Utc>,
        data: &impl Serialize,
    ) -> Self {
        Self {
            tenant,
            id: clock.new_id(),
            actor: Actor::System,
            kind: of.name,
            version: of.version,
            occurred_at,
            channel: None,
            conversation: None,
            data: serde_json::to_string(data).expect("text, numbers, times and JSON always serialise"),
        }
    }

    /// Sets the actor.
    pub fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Sets the channel.
    pub fn on(self, channel: ChannelId) -> Self {
        Self {
            channel: Some(channel),
            ..self
        }
    }

    /// Sets the channel and the conversation.
    pub fn within(self, channel: ChannelId, conversation: ConversationId) -> Self {
        Self {
            conversation: Some(conversation),
            ..self.on(channel)
        }
    }
}
