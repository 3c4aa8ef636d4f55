//! Answers to campaign messages: the first message of a customer after one counts as an answer to it, and a conversation that had nothing but
//! campaign messages is announced.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use super::event_buffer::EventBuffer;
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::{ConversationId, MessageId, Origin},
    records::{
        campaigns::{self, AnsweredMessage, MovedStatuses},
        conversations::{CampaignConversation, ConversationKey},
        messages::NewMessageRow,
    },
};

/// How long after a campaign message an answer counts as one to it.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::hours(72);

/// Counts the answers among new messages, and buffers the events of conversations that begin with one.
pub(super) async fn apply(
    tx: &mut Tx,
    clock: &Clock,
    (stored, new): (&[NewMessageRow], &HashSet<MessageId>),
    of_campaigns: &[CampaignConversation],
    buffer: &mut EventBuffer<'_>,
    moved: &mut MovedStatuses,
) -> Result<()> {
    if of_campaigns.is_empty() {
        return Ok(());
    }
    let mut first: HashMap<ConversationId, &NewMessageRow> = HashMap::new();
    let mut written: HashSet<ConversationId> = HashSet::new();
    for row in stored.iter().filter(|row| new.contains(&row.id)) {
        first.entry(row.conversation).or_insert(row);
        if row.origin == Origin::Customer {
            written.insert(row.conversation);
        }
    }
    let mut answered = Vec::new();
    for it in of_campaigns {
        let Some(row) = first.get(&it.id) else { continue };
        if it.is_silent {
            let pair = ConversationKey {
                tenant: row.tenant,
                channel: it.channel,
                contact: it.contact,
            };
            buffer.add_opened(pair, it.id, row.sent_at);
        }
        if let Some((message, at)) = it.message.filter(|_| written.contains(&it.id)) {
            answered.push(AnsweredMessage {
                tenant: row.tenant,
                conversation: it.id,
                message,
                counts: clock.now() - at <= ANSWERED_WITHIN,
            });
        }
    }
    campaigns::answer(tx, &answered, moved).await
}
