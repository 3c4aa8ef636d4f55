//! Applies a plan in a fixed order of tables, so that two batches cannot deadlock.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
};

use super::{
    answers, archived,
    calls::{self, PlannedCall},
    event_buffer::EventBuffer,
    keywords, media,
    messages::PlannedMessage,
    plan::Plan,
    preferences, recipients, refusals, statuses as reports,
};
use crate::{
    clock::Clock,
    contacts::people,
    db::{Result, Tx},
    domain::{ChannelId, ContactId, ConversationId, Direction, MessageId, Origin},
    inbound::store::statuses,
    media::store::NewInboundMedia,
    messaging::{self, FailedMessage, FollowUp, LimitSet},
    queue::JobEntry,
    records::{
        campaigns::MovedStatuses,
        contacts,
        conversations::{self, ConversationKey, ConversationUpdate, LockedConversations},
        messages::{self, MessageKey, NewMessageRow},
    },
    templates,
};

/// Work to do after the commit of a plan.
pub(crate) struct AfterCommit {
    /// Media to download.
    pub media: Vec<NewInboundMedia>,
    /// Follow-ups of messages that Meta failed.
    pub failures: FollowUp,
    /// Daily limits that were set.
    pub limits: Vec<LimitSet>,
    /// Answers to keywords, to be sent.
    pub replies: Vec<JobEntry>,
}

/// Applies a plan in the transaction. Returns the events to append and the work to do after the commit.
pub(crate) async fn apply<'a>(tx: &mut Tx, clock: &'a Clock, plan: &Plan) -> Result<(EventBuffer<'a>, AfterCommit)> {
    let mut buffer = EventBuffer::new(clock);
    let recipients = recipients::find(tx, plan).await?;
    let refused = plan
        .statuses
        .iter()
        .filter_map(|it| Some((&it.key, it.error_code.filter(|_| it.status == "failed")?)));
    let refused: Vec<(&MessageKey, i64)> = refused.filter(|(_, code)| messaging::has_effects(*code)).collect();
    // Channels, templates and portfolios come after every tenant of the plan.
    if !plan.account_updates.is_empty() || !plan.templates.is_empty() || !refused.is_empty() {
        lock_tenants(tx, plan).await?;
    }
    let affected = refusals::lock_affected(tx, &refused, &plan.recipients, &recipients).await?;
    let template_events = templates::apply_updates(tx, clock, &plan.templates).await?;
    let limits = messaging::apply_account_changes(tx, clock, &plan.account_updates).await?;
    let parties = match recipients.parties.is_empty() {
        true => Cow::Borrowed(&plan.parties),
        false => Cow::Owned([&plan.parties[..], &recipients.parties].concat()),
    };
    let resolved = people::resolve(tx, clock, &parties, &affected.contacts).await?;
    buffer.add_contacts(&resolved);
    preferences::record(tx, clock, plan, &resolved).await?;
    let messages = deduplicate(plan);
    archived::bring_back(tx, clock, &messages, &resolved.contacts, &mut buffer).await?;
    let locked = open_conversations(
        tx,
        clock,
        plan,
        &messages,
        &resolved.contacts,
        &affected.conversations,
        &mut buffer,
    )
    .await?;
    let conversations = locked.ids;
    let stored = rows(&messages, &resolved.contacts, &conversations);
    let new: HashSet<MessageId> = messages::insert(tx.on(), &stored)
        .await?
        .into_iter()
        .map(|(id,)| id)
        .collect();
    let mut moved = MovedStatuses::default();
    answers::apply(
        tx,
        clock,
        (&stored, &new),
        &locked.of_campaigns,
        &mut buffer,
        &mut moved,
    )
    .await?;
    let media = apply_new_messages(tx, clock, plan, (&stored, &new), &mut buffer, &mut moved).await?;
    let replies = keywords::apply(tx, clock, plan, &stored, &new, &mut buffer).await?;
    calls::apply(tx, clock, plan, &resolved.contacts, &conversations, &mut buffer).await?;
    messages::lock(tx, recipients.messages).await?;
    messaging::prove(tx, clock, &plan.proofs, &mut moved).await?;
    let joined = statuses::insert(tx.on(), &plan.statuses).await?;
    let failed: Vec<FailedMessage> = joined.iter().filter_map(reports::failed).collect();
    reports::advance(tx, joined, &mut buffer, &mut moved).await?;
    let mut failures = messaging::apply_failures(tx, clock, &failed, &mut moved).await?;
    moved.count(tx).await?;
    buffer.add_preferences(plan, &resolved);
    buffer.extend(plan.domain_events.iter().cloned());
    buffer.extend(template_events);
    buffer.extend(std::mem::take(&mut failures.events));
    Ok((
        buffer,
        AfterCommit {
            media,
            failures,
            limits,
            replies,
        },
    ))
}

/// Locks the tenants of the plan.
// Runs before portfolios are locked: merging contacts later needs the tenant lock, which comes first in the lock order.
async fn lock_tenants(tx: &mut Tx, plan: &Plan) -> Result<()> {
    let spoken_of = plan.parties.iter().map(|party| party.tenant);
    let written_to = plan.recipients.iter().map(|it| it.tenant);
    contacts::lock_tenants(tx, spoken_of.chain(written_to)).await
}

/// Returns the plan's messages without duplicates of a (channel, wamid).
fn deduplicate(plan: &Plan) -> Vec<&PlannedMessage> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut unique: Vec<&PlannedMessage> = Vec::with_capacity(plan.messages.len());
    for message in &plan.messages {
        match seen.entry((message.channel, message.wamid.as_str())) {
            Entry::Vacant(entry) => {
                entry.insert(unique.len());
                unique.push(message);
            }
            // The content came in the same batch as its placeholder.
            Entry::Occupied(entry) if unique[*entry.get()].kind == "media_placeholder" => {
                unique[*entry.get()] = message
            }
            Entry::Occupied(_) => {}
        }
    }
    unique
}

/// The first message or call of a conversation.
enum FirstContact<'p> {
    Message(&'p PlannedMessage),
    Call(&'p PlannedCall),
}

/// Locks the conversations of messages and of calls by customers, and opens those that do not exist.
async fn open_conversations(
    tx: &mut Tx,
    clock: &Clock,
    plan: &Plan,
    messages: &[&PlannedMessage],
    contacts: &[ContactId],
    also: &[ConversationKey],
    buffer: &mut EventBuffer<'_>,
) -> Result<LockedConversations> {
    let mut first: BTreeMap<ConversationKey, FirstContact<'_>> = BTreeMap::new();
    for message in messages {
        first
            .entry(pair(message, contacts))
            .or_insert(FirstContact::Message(message));
    }
    for call in plan.calls.iter().filter(|call| call.by_customer) {
        if let Some(pair) = call.pair(contacts) {
            first.entry(pair).or_insert(FirstContact::Call(call));
        }
    }
    let pairs: Vec<ConversationKey> = first.keys().copied().collect();
    let open = |pair: ConversationKey| {
        let id = clock.new_id();
        let step = match first[&pair] {
            FirstContact::Message(message) => step(message, pair, id),
            FirstContact::Call(call) => call.step(pair, id),
        };
        buffer.add_opened(pair, id, step.at);
        step
    };
    conversations::lock_or_open(tx, &pairs, also, clock.now(), open).await
}

/// Returns the rows of the messages, with their contacts and conversations.
fn rows(
    messages: &[&PlannedMessage],
    contacts: &[ContactId],
    conversations: &HashMap<(ChannelId, ContactId), ConversationId>,
) -> Vec<NewMessageRow> {
    let row = |message: &&PlannedMessage| NewMessageRow {
        tenant: message.tenant,
        id: message.id,
        channel: message.channel,
        conversation: conversations[&(message.channel, contacts[message.conversation_of])],
        contact: contacts[message.contact],
        wamid: message.wamid.clone(),
        direction: message.direction,
        origin: message.origin,
        kind: message.kind.clone(),
        status: message.status,
        text: message.text.clone(),
        payload: message.payload.clone(),
        context_wamid: message.context_wamid.clone(),
        sender: message.sender.clone(),
        recipient: message.recipient.clone(),
        sent_at: message.sent_at,
        received_at: message.received_at,
        raw_event: message.event,
        media: message.media.as_ref().map(|media| media.id),
        in_group: contacts[message.contact] != contacts[message.conversation_of],
    };
    messages.iter().map(row).collect()
}

/// Applies what new messages cause: conversation updates, edits and revocations, filled placeholders, media, and statuses that
/// arrived earlier.
async fn apply_new_messages(
    tx: &mut Tx,
    clock: &Clock,
    plan: &Plan,
    (stored, new): (&[NewMessageRow], &HashSet<MessageId>),
    buffer: &mut EventBuffer<'_>,
    moved: &mut MovedStatuses,
) -> Result<Vec<NewInboundMedia>> {
    let planned: HashMap<MessageId, &PlannedMessage> =
        plan.messages.iter().map(|message| (message.id, message)).collect();
    let mut steps: BTreeMap<ConversationId, ConversationUpdate> = BTreeMap::new();
    let (mut targets, mut outbound, mut changes, mut known) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in stored {
        let message = planned[&row.id];
        if !new.contains(&row.id) {
            known.push(row.clone());
            continue;
        }
        let pair = ConversationKey {
            tenant: row.tenant,
            channel: row.channel,
            contact: row.contact,
        };
        let next = step(message, pair, row.conversation);
        match steps.entry(row.conversation) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(next)),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().join(next),
        }
        targets.push(message.key());
        changes.extend(message.change.clone());
        if row.direction == Direction::Outbound {
            outbound.push(message.key());
        }
        buffer.add_message(plan, message, row);
    }
    conversations::advance(tx.on(), &steps.into_values().collect::<Vec<_>>(), clock.now()).await?;
    changes.extend(messages::changes_of(tx.on(), &targets).await?);
    messages::change(tx.on(), &changes).await?;
    known.retain(|row| row.origin == Origin::History && row.kind != "media_placeholder");
    let filled = messages::fill_placeholders(tx.on(), &known).await?;
    let wanted = media::wanted(stored, &planned, new, &filled);
    media::insert_inbound(tx.on(), &wanted).await?;
    let joined = statuses::join(tx.on(), &outbound).await?;
    reports::advance(tx, joined, buffer, moved).await?;
    Ok(wanted)
}

/// Returns the conversation key of a message.
fn pair(message: &PlannedMessage, contacts: &[ContactId]) -> ConversationKey {
    ConversationKey {
        tenant: message.tenant,
        channel: message.channel,
        contact: contacts[message.conversation_of],
    }
}

/// Returns the update that a message makes to its conversation.
fn step(message: &PlannedMessage, pair: ConversationKey, conversation: ConversationId) -> ConversationUpdate {
    ConversationUpdate {
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

impl ConversationUpdate {
    /// Merges another update of the same conversation into this one.
    pub(super) fn join(&mut self, next: ConversationUpdate) {
        let unread = self.unread + next.unread;
        let window = self.window_expires_at.max(next.window_expires_at);
        if (next.at, &next.wamid) > (self.at, &self.wamid) {
            *self = next;
        }
        self.unread = unread;
        self.window_expires_at = window;
    }
}
