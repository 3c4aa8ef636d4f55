//! Keywords of customers: recorded in the transaction that stores the message, and answered in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{event_buffer::EventBuffer, plan::Plan};
use crate::{
    clock::Clock,
    contacts::{
        keywords::{self, KeywordRule, Keywords, QUIET_TIME, SentKeyword, likely_language},
        people::Party,
    },
    db::{Result, Tx},
    domain::{
        Actor, ConsentSource, ConversationId, Direction, Id, KeywordAction, MessageId, RecipientKind, SendLane,
        TenantId,
    },
    messaging::{
        accept::queue_lane,
        store::sends::{self, NewSend},
    },
    provider::webhook::{MessageContent, WebhookMessage},
    queue::JobEntry,
    records::{
        conversations::{self, ConversationUpdate},
        messages::{Labels, NewMessageRow},
    },
};

/// The type of what answers keywords.
const TEXT: &str = "text";

/// A keyword that a message consists of.
pub(crate) struct KeywordHit {
    rule: KeywordRule,
    /// As it was written.
    text: String,
    source: ConsentSource,
}

/// What may be a keyword in a message: a text, or a button's payload and title.
fn candidates(content: &MessageContent) -> (ConsentSource, [Option<&str>; 2]) {
    match content {
        MessageContent::Text(text) => (ConsentSource::Keyword, [Some(&text.body), None]),
        MessageContent::Button(it) => (ConsentSource::Button, [it.payload.as_deref(), it.text.as_deref()]),
        MessageContent::ButtonReply(it) => (ConsentSource::Button, [it.id.as_deref(), it.title.as_deref()]),
        _ => (ConsentSource::Keyword, [None, None]),
    }
}

impl Plan {
    /// Looks whether the message of a customer that was planned last is nothing but a keyword.
    pub(super) fn find_keyword(&mut self, keywords: &Keywords, message: &WebhookMessage) {
        let Some(planned) = self.messages.last_mut().filter(|it| it.wamid == message.wamid) else {
            return;
        };
        let (source, texts) = candidates(&message.content);
        let language = || likely_language(message.sender.phone.as_deref()?);
        let matcher = keywords.of(planned.tenant);
        let found = texts
            .into_iter()
            .flatten()
            .find_map(|text| Some((matcher.find(text, language)?, text)));
        if let Some((rule, text)) = found {
            let (rule, text) = (rule.clone(), text.to_owned());
            planned.keyword = Some(Box::new(KeywordHit { rule, text, source }));
            self.parties[planned.contact].uses_keyword = true;
        }
    }
}

/// A keyword of a message that is stored now.
struct StoredKeyword<'a> {
    row: &'a NewMessageRow,
    party: &'a Party,
    hit: &'a KeywordHit,
}

impl StoredKeyword<'_> {
    fn sent(&self) -> SentKeyword<'_> {
        SentKeyword {
            tenant: self.row.tenant,
            contact: self.row.contact,
            channel: self.row.channel,
            message: self.row.id,
            at: self.row.sent_at,
            text: &self.hit.text,
            source: self.hit.source,
            rule: &self.hit.rule,
        }
    }
}

/// Records the keywords of new messages, and stores what answers them. Returns the jobs of the answers.
pub(super) async fn apply(
    tx: &mut Tx,
    clock: &Clock,
    plan: &Plan,
    stored: &[NewMessageRow],
    new: &HashSet<MessageId>,
    buffer: &mut EventBuffer<'_>,
) -> Result<Vec<JobEntry>> {
    let hits = plan
        .messages
        .iter()
        .filter_map(|it| Some((it.id, (it.keyword.as_deref()?, it.contact))));
    let hits: HashMap<MessageId, (&KeywordHit, usize)> = hits.filter(|(id, _)| new.contains(id)).collect();
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let mut said = Vec::with_capacity(hits.len());
    for row in stored {
        if let Some((hit, party)) = hits.get(&row.id) {
            let party = &plan.parties[*party];
            said.push(StoredKeyword { row, party, hit });
        }
    }
    for it in &said {
        metrics::counter!("mainstay_keywords_total", "action" => it.hit.rule.action.as_str()).increment(1);
    }
    let sent: Vec<SentKeyword<'_>> = said.iter().map(StoredKeyword::sent).collect();
    let effects = keywords::record(tx, clock, &sent).await?;
    buffer.extend(effects.events);
    let helped = helped(tx, clock, &said).await?;
    let is_due = |(at, it): &(usize, &StoredKeyword<'_>)| match it.hit.rule.action {
        KeywordAction::Help => helped.contains(&it.row.id),
        KeywordAction::Stop | KeywordAction::Start => effects.to_confirm.contains(at),
    };
    let due: Vec<&StoredKeyword<'_>> = said.iter().enumerate().filter(is_due).map(|(_, it)| it).collect();
    answer(tx, clock, &due).await
}

/// Returns the calls for help that are answered: one in 24 hours in a conversation.
async fn helped(tx: &mut Tx, clock: &Clock, said: &[StoredKeyword<'_>]) -> Result<HashSet<MessageId>> {
    let mut calls: BTreeMap<ConversationId, (TenantId, MessageId, &str)> = BTreeMap::new();
    for it in said.iter().filter(|it| it.hit.rule.action == KeywordAction::Help) {
        if let Some(reply) = &it.hit.rule.reply {
            calls.insert(it.row.conversation, (it.row.tenant, it.row.id, reply));
        }
    }
    if calls.is_empty() {
        return Ok(HashSet::new());
    }
    let texts: Vec<_> = calls
        .iter()
        .map(|(conversation, it)| (it.0, *conversation, it.2))
        .collect();
    for (conversation, _) in sends::texts_since(tx.on(), &texts, clock.now() - QUIET_TIME).await? {
        calls.remove(&conversation);
    }
    Ok(calls.into_values().map(|(_, message, _)| message).collect())
}

/// An answer to a keyword.
struct KeywordReply<'a> {
    id: MessageId,
    to: &'a NewMessageRow,
    text: &'a str,
    content: String,
    recipient: (RecipientKind, String),
}

/// Stores the replies, which become the latest messages of their conversations.
async fn answer(tx: &mut Tx, clock: &Clock, due: &[&StoredKeyword<'_>]) -> Result<Vec<JobEntry>> {
    let mut replies = Vec::with_capacity(due.len());
    for it in due {
        let (Some(text), Some(recipient)) = (it.hit.rule.reply.as_deref(), address(it.party)) else {
            continue;
        };
        replies.push(KeywordReply {
            id: clock.new_id(),
            to: it.row,
            text,
            content: json!({ "body": text }).to_string(),
            recipient,
        });
    }
    if replies.is_empty() {
        return Ok(Vec::new());
    }
    let (now, labels) = (clock.now(), Labels::default());
    let steps: BTreeMap<ConversationId, ConversationUpdate> =
        replies.iter().map(|it| (it.to.conversation, step(it, now))).collect();
    conversations::advance(tx.on(), &steps.into_values().collect::<Vec<_>>(), now).await?;
    let sends: Vec<NewSend<'_>> = replies.iter().map(|it| send(it, &labels, now)).collect();
    sends::insert(tx.on(), &sends).await?;
    let job = |it: KeywordReply<'_>| JobEntry {
        id: it.id.uuid(),
        due: now,
        lane: queue_lane(SendLane::Reply),
    };
    Ok(replies.into_iter().map(job).collect())
}

/// The address that a reply goes to. A phone number works for every kind of message.
fn address(party: &Party) -> Option<(RecipientKind, String)> {
    let known_by = |kind: &RecipientKind| {
        let found = party.identities.iter().find(|it| it.kind == kind.as_str())?;
        Some((*kind, found.value.clone()))
    };
    [RecipientKind::Phone, RecipientKind::UserId].iter().find_map(known_by)
}

/// The update that a reply makes to its conversation.
fn step(reply: &KeywordReply<'_>, now: DateTime<Utc>) -> ConversationUpdate {
    ConversationUpdate {
        tenant: reply.to.tenant,
        conversation: reply.to.conversation,
        channel: reply.to.channel,
        contact: reply.to.contact,
        at: now,
        wamid: String::new(),
        direction: Direction::Outbound,
        kind: TEXT.to_owned(),
        text: Some(conversations::preview(reply.text)),
        window_expires_at: None,
        unread: 0,
    }
}

fn send<'a>(reply: &'a KeywordReply<'_>, labels: &'a Labels, now: DateTime<Utc>) -> NewSend<'a> {
    let (recipient_kind, recipient) = reply.recipient.clone();
    NewSend {
        tenant: reply.to.tenant,
        id: reply.id,
        channel: reply.to.channel,
        conversation: reply.to.conversation,
        contact: reply.to.contact,
        lane: SendLane::Reply,
        recipient_kind,
        recipient,
        sender: reply.to.recipient.clone(),
        kind: TEXT,
        text: Some(reply.text),
        content: &reply.content,
        options: "{}",
        context_wamid: None,
        expires_at: None,
        at: now,
        created_by: Actor::System,
        labels,
        batch: None,
        template: None,
        campaign: None,
        due_at: now,
    }
}
