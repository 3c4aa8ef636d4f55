//! The effects of a plan, in a fixed order of tables, so that two batches cannot wait for each other in a circle.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
};

use super::{
    ahead,
    calls::{self, PlannedCall},
    facts::Facts,
    media,
    messages::PlannedMessage,
    plan::Plan,
    recipients, statuses as reports,
};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, Origin, Status},
    inbound::store::statuses::{self, Joined},
    media::store::NewInboundMedia,
    messaging::{self, FailedMessage, FollowUp, LimitSet},
    people,
    records::{
        contacts,
        conversations::{self, Advance, Pair},
        messages::{self, Key, NewMessage},
    },
    templates,
};

/// What is to be done once a plan is committed.
pub struct Afterwards {
    /// To be fetched.
    pub media: Vec<NewInboundMedia>,
    /// What follows from messages that Meta gave up.
    pub failures: FollowUp,
    /// Daily limits that were set.
    pub limits: Vec<LimitSet>,
}

/// Applies a plan inside the transaction and returns what there is to tell, and to do.
pub async fn apply<'a>(tx: &mut Tx, clock: &'a Clock, plan: &Plan) -> Result<(Facts<'a>, Afterwards)> {
    let mut facts = Facts::new(clock);
    let told = recipients::find(tx, plan).await?;
    let refused = plan
        .statuses
        .iter()
        .filter_map(|it| Some((&it.key, it.error_code.filter(|_| it.status == "failed")?)));
    let refused: Vec<(&Key, i64)> = refused.filter(|(_, code)| messaging::has_effects(*code)).collect();
    // Channels, templates and portfolios come after every tenant of the plan.
    if !plan.news.is_empty() || !plan.templates.is_empty() || !refused.is_empty() {
        lock_tenants(tx, plan).await?;
    }
    let affected = ahead::lock(tx, &refused, &plan.recipients, &told).await?;
    let news = templates::apply_updates(tx, clock, &plan.templates).await?;
    let limits = messaging::apply_account_changes(tx, clock, &plan.news).await?;
    let parties = match told.parties.is_empty() {
        true => Cow::Borrowed(&plan.parties),
        false => Cow::Owned([&plan.parties[..], &told.parties].concat()),
    };
    let resolved = people::resolve(tx, clock, &parties, &affected.contacts).await?;
    facts.contacts(&resolved);
    let messages = once(plan);
    let conversations = converse(
        tx,
        clock,
        (plan, &messages),
        (&resolved.contacts, &affected.conversations),
        &mut facts,
    )
    .await?;
    let stored = rows(&messages, &resolved.contacts, &conversations);
    let new: HashSet<MessageId> = messages::insert(&mut *tx, &stored)
        .await?
        .into_iter()
        .map(|(id,)| id)
        .collect();
    let media = settle(tx, clock, plan, &stored, &new, &mut facts).await?;
    calls::apply(tx, clock, plan, &resolved.contacts, &conversations, &mut facts).await?;
    messages::lock(tx, told.messages).await?;
    messaging::prove(tx, clock, &plan.proofs).await?;
    let joined = statuses::insert(&mut *tx, &plan.statuses).await?;
    let failed: Vec<FailedMessage> = joined.iter().filter_map(failed).collect();
    reports::advance(tx, joined, &mut facts).await?;
    let mut failures = messaging::apply_failures(tx, clock, &failed).await?;
    facts.preferences(plan, &resolved);
    facts.told(plan.facts.iter().cloned());
    facts.told(news);
    facts.told(std::mem::take(&mut failures.events));
    Ok((
        facts,
        Afterwards {
            media,
            failures,
            limits,
        },
    ))
}

/// A message that Meta took and gave up, with the reason.
pub(super) fn failed(status: &Joined) -> Option<FailedMessage> {
    (status.standing() == Some(Status::Failed)).then_some(())?;
    Some(FailedMessage {
        tenant: status.tenant_id,
        message: status.message_id,
        channel: status.channel_id,
        code: status.error_code?,
        title: status.error_title.clone().unwrap_or_default(),
        at: status.occurred_at,
    })
}

/// Before portfolios are held, because contacts that are merged later want the tenant first.
async fn lock_tenants(tx: &mut Tx, plan: &Plan) -> Result<()> {
    let spoken_of = plan.parties.iter().map(|party| party.tenant);
    let written_to = plan.recipients.iter().map(|it| it.tenant);
    contacts::lock_tenants(tx, spoken_of.chain(written_to)).await
}

/// The plan's messages, each once.
fn once(plan: &Plan) -> Vec<&PlannedMessage> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut once: Vec<&PlannedMessage> = Vec::with_capacity(plan.messages.len());
    for message in &plan.messages {
        match seen.entry((message.channel, message.wamid.as_str())) {
            Entry::Vacant(place) => {
                place.insert(once.len());
                once.push(message);
            }
            // The content came in the same batch as the placeholder for it.
            Entry::Occupied(place) if once[*place.get()].kind == "media_placeholder" => once[*place.get()] = message,
            Entry::Occupied(_) => {}
        }
    }
    once
}

/// What a conversation begins with.
enum First<'p> {
    Message(&'p PlannedMessage),
    Call(&'p PlannedCall),
}

/// Finds the conversations of messages and of calls by customers, and holds them; those there are not yet are opened.
async fn converse(
    tx: &mut Tx,
    clock: &Clock,
    (plan, messages): (&Plan, &[&PlannedMessage]),
    (contacts, also): (&[ContactId], &[Pair]),
    facts: &mut Facts<'_>,
) -> Result<HashMap<(ChannelId, ContactId), ConversationId>> {
    let mut first: BTreeMap<Pair, First<'_>> = BTreeMap::new();
    for message in messages {
        first.entry(pair(message, contacts)).or_insert(First::Message(message));
    }
    for call in plan.calls.iter().filter(|call| call.by_customer) {
        if let Some(pair) = call.pair(contacts) {
            first.entry(pair).or_insert(First::Call(call));
        }
    }
    let pairs: Vec<Pair> = first.keys().copied().collect();
    let open = |pair: Pair| {
        let id = clock.new_id();
        let step = match first[&pair] {
            First::Message(message) => step(message, pair, id),
            First::Call(call) => call.step(pair, id),
        };
        facts.opened(pair, id, step.at);
        step
    };
    conversations::lock_or_open(tx, (&pairs, also), clock.now(), open).await
}

/// The messages as rows: each knows its contact and its conversation.
fn rows(
    messages: &[&PlannedMessage],
    contacts: &[ContactId],
    conversations: &HashMap<(ChannelId, ContactId), ConversationId>,
) -> Vec<NewMessage> {
    let row = |m: &&PlannedMessage| NewMessage {
        tenant: m.tenant,
        id: m.id,
        channel: m.channel,
        conversation: conversations[&(m.channel, contacts[m.conversation_of])],
        contact: contacts[m.contact],
        wamid: m.wamid.clone(),
        direction: m.direction,
        origin: m.origin,
        kind: m.kind.clone(),
        status: m.status,
        text: m.text.clone(),
        payload: m.payload.clone(),
        context_wamid: m.context_wamid.clone(),
        sender: m.sender.clone(),
        recipient: m.recipient.clone(),
        sent_at: m.sent_at,
        received_at: m.received_at,
        raw_event: m.event,
        media: m.media.as_ref().map(|media| media.id),
        in_group: contacts[m.contact] != contacts[m.conversation_of],
    };
    messages.iter().map(row).collect()
}

/// What new messages do to conversations, to earlier messages and to statuses that waited for them; and the media they bring.
async fn settle(
    tx: &mut Tx,
    clock: &Clock,
    plan: &Plan,
    stored: &[NewMessage],
    new: &HashSet<MessageId>,
    facts: &mut Facts<'_>,
) -> Result<Vec<NewInboundMedia>> {
    let planned: HashMap<MessageId, &PlannedMessage> = plan.messages.iter().map(|m| (m.id, m)).collect();
    let mut steps: BTreeMap<ConversationId, Advance> = BTreeMap::new();
    let (mut targets, mut outbound, mut changes, mut known) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in stored {
        let message = planned[&row.id];
        if !new.contains(&row.id) {
            known.push(row.clone());
            continue;
        }
        let pair = Pair {
            tenant: row.tenant,
            channel: row.channel,
            contact: row.contact,
        };
        let next = step(message, pair, row.conversation);
        match steps.entry(row.conversation) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(next)),
            std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().join(next),
        }
        targets.push(message.key());
        changes.extend(message.change.clone());
        if row.direction == Direction::Outbound {
            outbound.push(message.key());
        }
        facts.message(plan, message, row);
    }
    conversations::advance(&mut *tx, &steps.into_values().collect::<Vec<_>>(), clock.now()).await?;
    changes.extend(messages::changes_of(&mut *tx, &targets).await?);
    messages::change(&mut *tx, &changes).await?;
    known.retain(|row| row.origin == Origin::History && row.kind != "media_placeholder");
    let filled = messages::fill_placeholders(&mut *tx, &known).await?;
    let wanted = media::wanted(stored, &planned, new, &filled);
    media::insert_inbound(&mut *tx, &wanted).await?;
    let joined = statuses::join(&mut *tx, &outbound).await?;
    reports::advance(tx, joined, facts).await?;
    Ok(wanted)
}

fn pair(message: &PlannedMessage, contacts: &[ContactId]) -> Pair {
    Pair {
        tenant: message.tenant,
        channel: message.channel,
        contact: contacts[message.conversation_of],
    }
}

fn step(message: &PlannedMessage, pair: Pair, conversation: ConversationId) -> Advance {
    Advance {
        tenant: pair.tenant,
        conversation,
        channel: pair.channel,
        contact: pair.contact,
        at: message.sent_at,
        wamid: message.wamid.clone(),
        direction: message.direction,
        kind: message.kind.clone(),
        text: message.preview(),
        window_expires_at: message.window(),
        unread: i64::from(message.counts_as_unread()),
    }
}

impl Advance {
    /// Two steps of one conversation as one.
    pub(super) fn join(&mut self, next: Advance) {
        let unread = self.unread + next.unread;
        let window = self.window_expires_at.max(next.window_expires_at);
        if (next.at, &next.wamid) > (self.at, &self.wamid) {
            *self = next;
        }
        self.unread = unread;
        self.window_expires_at = window;
    }
}
