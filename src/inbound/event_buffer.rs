//! Buffers the domain events of one transaction, which appends them last.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::{messages::PlannedMessage, plan::Plan};
use crate::{
    clock::Clock,
    contacts::people::{self, Party, PreferenceChange, Resolved},
    db::{Result, Tx},
    domain::{ContactId, ConversationId, Origin},
    events::{contact, message, order},
    inbound::store::statuses::JoinedStatus,
    messaging,
    provider::{
        self,
        webhook::{self, OrderContent, PreferenceChoice},
    },
    records::{
        conversations::{self, ConversationKey},
        events::{self, NewEvent},
        messages::NewMessageRow,
    },
};

/// The domain events of one transaction, in the order of their sequences.
pub(crate) struct EventBuffer<'a> {
    clock: &'a Clock,
    events: Vec<NewEvent>,
}

impl<'a> EventBuffer<'a> {
    pub fn new(clock: &'a Clock) -> Self {
        let events = Vec::new();
        Self { clock, events }
    }

    /// Buffers the events of new, changed and merged contacts.
    pub(crate) fn add_contacts(&mut self, resolved: &Resolved) {
        self.events.extend(people::events_for(self.clock, resolved));
    }

    /// Buffers `conversation.opened`.
    pub(crate) fn add_opened(&mut self, pair: ConversationKey, conversation: ConversationId, at: DateTime<Utc>) {
        self.events
            .push(conversations::opened_event(self.clock, pair, conversation, at));
    }

    /// Buffers the event of a new message. Messages from the history have none.
    pub(crate) fn add_message(&mut self, plan: &Plan, planned: &PlannedMessage, stored: &NewMessageRow) {
        let of = match (planned.origin, stored.kind.as_str()) {
            (Origin::Customer, "edit") => &message::EDITED,
            (Origin::Customer, "revoke") => &message::REVOKED,
            (Origin::Customer, _) => &message::RECEIVED,
            (Origin::Echo, _) => &message::ECHOED,
            _ => return,
        };
        let written = message::MessageEvent {
            message: message::EventMessage {
                id: stored.id,
                wamid: &stored.wamid,
                direction: stored.direction.as_str(),
                origin: stored.origin.as_str(),
                kind: &stored.kind,
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
            },
            contact: person(&plan.parties[planned.contact], stored.contact),
        };
        let event = NewEvent::new(self.clock, stored.tenant, of, stored.sent_at, &written);
        self.events.push(event.within(stored.channel, stored.conversation));
        if let Some(order) = planned.order.as_ref().filter(|_| planned.origin == Origin::Customer) {
            self.add_order(order, stored);
        }
    }

    /// Buffers `order.received`.
    fn add_order(&mut self, order: &OrderContent, stored: &NewMessageRow) {
        let items = order.items.iter().map(|it| order::OrderedItem {
            product_retailer_id: it.product_retailer_id.as_deref(),
            quantity: it.quantity,
            item_price: it.item_price.as_deref(),
            currency: it.currency.as_deref(),
        });
        let data = order::Received {
            order: order::Order {
                catalog_id: order.catalog_id.as_deref(),
                text: order.text.as_deref(),
                items: items.collect(),
            },
            message_id: stored.id,
            wamid: &stored.wamid,
            channel_id: stored.channel,
            conversation_id: stored.conversation,
            contact_id: stored.contact,
            from: stored.sender.as_deref(),
        };
        let event = NewEvent::new(self.clock, stored.tenant, &order::RECEIVED, stored.sent_at, &data);
        self.events.push(event.within(stored.channel, stored.conversation));
    }

    /// Buffers the event of a status, and counts what it says of the message.
    pub(crate) fn add_status(&mut self, status: &JoinedStatus) {
        let has_error = status.error_code.is_some() || status.error_title.is_some();
        let details = has_error.then(|| webhook::error_details(&status.payload)).flatten();
        let details = details.map(Cow::Owned);
        let data = message::StatusEvent {
            message_id: status.message_id,
            wamid: Some(&status.wamid),
            channel_id: status.channel_id,
            conversation_id: status.conversation_id,
            contact_id: status.contact_id,
            status: &status.status,
            participant: Some(status.participant.as_str()).filter(|member| !member.is_empty()),
            error: provider::event_error(status.error_code, status.error_title.as_deref(), details),
            reference: status.labels.reference.as_deref(),
            metadata: status.labels.metadata(),
            payload: serde_json::from_str::<&RawValue>(&status.payload).ok(),
        };
        let reached = status.message_status();
        if let Some(reached) = reached {
            messaging::count_status(reached, status.error_code);
        }
        let of = message::of_status(reached);
        let event = NewEvent::new(self.clock, status.tenant_id, of, status.occurred_at, &data);
        self.events
            .push(event.within(status.channel_id, status.conversation_id));
    }

    /// Buffers preference events. Marketing preferences older than the stored one have none.
    pub(crate) fn add_preferences(&mut self, plan: &Plan, resolved: &Resolved) {
        let mut fresh = resolved.preferring.clone();
        for it in &plan.preferences {
            let (contact, at) = (resolved.contacts[it.party], plan.parties[it.party].at);
            if let Some(marketing_stopped) = plan.parties[it.party].marketing_stopped {
                let change = PreferenceChange {
                    contact,
                    marketing_stopped,
                    at,
                };
                // One event, though the batch may contain the preference twice.
                let Some(index) = fresh.iter().position(|it| *it == change) else {
                    continue;
                };
                fresh.swap_remove(index);
            }
            let preference = &it.preference;
            let of = match preference.choice {
                PreferenceChoice::Stop => &contact::OPTED_OUT,
                PreferenceChoice::Resume => &contact::OPTED_IN,
                PreferenceChoice::Other(_) => &contact::PREFERENCE_CHANGED,
            };
            let data = contact::Preference {
                contact_id: contact,
                channel_id: Some(it.channel),
                category: preference.category.as_deref(),
                detail: preference.detail.as_deref(),
            };
            let event = NewEvent::new(self.clock, it.tenant, of, at, &data);
            self.events.push(event.on(it.channel));
        }
    }

    /// Buffers events that are already built.
    pub fn extend(&mut self, events: impl IntoIterator<Item = NewEvent>) {
        self.events.extend(events);
    }

    /// Appends the events. Must be the last statement before the commit: see [`events::append`].
    pub async fn append(self, tx: &mut Tx) -> Result<()> {
        events::append(tx, &self.events, self.clock.now()).await
    }
}

/// Returns the event's view of a contact.
fn person(party: &Party, id: ContactId) -> message::Person<'_> {
    let known_by = |kind: &str| {
        let found = party.identities.iter().find(|it| it.kind == kind);
        found.map(|it| it.value.as_str())
    };
    message::Person {
        id,
        name: party.name.as_deref(),
        phone: known_by("phone"),
        user_id: known_by("user_id"),
        username: party.username.as_deref(),
    }
}
