//! Phone calls. A call by the customer opens the conversation and starts or restarts its service window, as a message does
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages#customer-service-windows>). A call by
//! the business opens nothing.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    event_buffer::EventBuffer,
    messages::SERVICE_WINDOW,
    plan::{ItemSource, Plan},
};
use crate::{
    clock::Clock,
    contacts::people::Party,
    db::{Result, Tx},
    directory::Route,
    domain::{ChannelId, ContactId, ConversationId, Direction, TenantId},
    events::account::{CALL, CallEvent},
    provider::webhook::{AccountDetail, AccountEvent},
    records::{
        conversations::{self, ConversationKey, ConversationUpdate},
        events::NewEvent,
    },
};

/// An event of a call. `party` is an index into [`Plan::parties`].
pub(crate) struct PlannedCall {
    pub tenant: TenantId,
    /// `None` where Meta does not name the number.
    pub channel: Option<ChannelId>,
    /// `None` where Meta does not name the customer.
    pub party: Option<usize>,
    pub by_customer: bool,
    pub began_at: DateTime<Utc>,
    /// Time of the event.
    pub at: DateTime<Utc>,
    waba_id: Option<Arc<str>>,
    phone_number_id: Option<Arc<str>>,
    field: Arc<str>,
    subject: Option<String>,
    raw: String,
}

impl Plan {
    /// Plans an event of a call.
    pub(super) fn plan_call(&mut self, origin: &ItemSource<'_>, route: &Route, account: &AccountEvent) {
        let at = origin.item.time.unwrap_or(origin.received_at);
        let call = match &account.detail {
            AccountDetail::Call(call) => Some(call),
            _ => None,
        };
        let began_at = call.and_then(|call| call.began_at).unwrap_or(at);
        let party = call.and_then(|call| Party::person(route.tenant, &call.customer, began_at));
        let party = party.map(|party| self.add_party(party));
        self.calls.push(PlannedCall {
            tenant: route.tenant,
            channel: origin.item.phone_number_id.as_ref().map(|_| route.channel),
            party,
            by_customer: call.is_some_and(|call| call.by_customer),
            began_at,
            at,
            waba_id: origin.item.entry_id.clone(),
            phone_number_id: origin.item.phone_number_id.clone(),
            field: origin.item.field.clone(),
            subject: account.subject.clone(),
            raw: account.raw.clone(),
        });
    }
}

impl PlannedCall {
    /// Returns the key of the call's conversation.
    pub fn pair(&self, contacts: &[ContactId]) -> Option<ConversationKey> {
        Some(ConversationKey {
            tenant: self.tenant,
            channel: self.channel?,
            contact: contacts[self.party?],
        })
    }

    /// Returns the update that a call by the customer makes to the conversation.
    pub fn step(&self, pair: ConversationKey, conversation: ConversationId) -> ConversationUpdate {
        ConversationUpdate {
            tenant: pair.tenant,
            conversation,
            channel: pair.channel,
            contact: pair.contact,
            at: self.began_at,
            wamid: String::new(),
            direction: Direction::Inbound,
            kind: "call".to_owned(),
            text: None,
            window_expires_at: Some(self.began_at + SERVICE_WINDOW),
            unread: 0,
        }
    }

    /// Builds the `call.event` event.
    fn event(&self, clock: &Clock, contact: Option<ContactId>, conversation: Option<ConversationId>) -> NewEvent {
        let data = CallEvent {
            channel_id: self.channel,
            contact_id: contact,
            conversation_id: conversation,
            waba_id: self.waba_id.as_deref(),
            phone_number_id: self.phone_number_id.as_deref(),
            field: &self.field,
            subject: self.subject.as_deref(),
            value: serde_json::from_str(&self.raw).ok(),
        };
        let event = NewEvent::new(clock, self.tenant, &CALL, self.at, &data);
        match (self.channel, conversation) {
            (Some(channel), Some(conversation)) => event.within(channel, conversation),
            (Some(channel), None) => event.on(channel),
            _ => event,
        }
    }
}

/// Opens service windows for calls by customers and buffers an event of each call. `opened` has the locked conversations of calls by
/// customers.
pub(super) async fn apply(
    tx: &mut Tx,
    clock: &Clock,
    plan: &Plan,
    contacts: &[ContactId],
    opened: &HashMap<(ChannelId, ContactId), ConversationId>,
    buffer: &mut EventBuffer<'_>,
) -> Result<()> {
    if plan.calls.is_empty() {
        return Ok(());
    }
    let mut steps: BTreeMap<ConversationId, ConversationUpdate> = BTreeMap::new();
    let mut others = Vec::new();
    for call in &plan.calls {
        let Some(pair) = call.pair(contacts) else { continue };
        if !call.by_customer {
            others.push(pair);
            continue;
        }
        let conversation = opened[&(pair.channel, pair.contact)];
        let next = call.step(pair, conversation);
        match steps.entry(conversation) {
            Entry::Vacant(entry) => drop(entry.insert(next)),
            Entry::Occupied(mut entry) => entry.get_mut().join(next),
        }
    }
    conversations::advance(tx.on(), &steps.into_values().collect::<Vec<_>>(), clock.now()).await?;
    let mut known = conversations::find_existing(tx.on(), &others).await?;
    known.extend(opened);
    let events = plan.calls.iter().map(|call| {
        let pair = call.pair(contacts);
        let conversation = pair.and_then(|pair| known.get(&(pair.channel, pair.contact)).copied());
        call.event(clock, call.party.map(|party| contacts[party]), conversation)
    });
    buffer.extend(events);
    Ok(())
}
