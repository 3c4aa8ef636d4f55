//! Messages that were accepted for later and whose time has come.

use super::sendable::SendableMessage;
use crate::{
    db::{Result, Tx, retry_conflicts},
    domain::Direction,
    messaging::MessagingService,
    records::{
        conversations::{self, CampaignConversation, ConversationKey, ConversationUpdate},
        events::{self, NewEvent},
    },
};

/// Makes messages the latest of their conversations which were accepted for later, before their first attempt, and announces conversations
/// that were opened for them. One that does not get its
/// slot at once does so again, which changes nothing.
pub(super) async fn show_in_conversations(service: &MessagingService, sendable: &[SendableMessage]) -> Result<()> {
    let arrived = sendable
        .iter()
        .map(|it| &it.due)
        .filter(|due| due.send_at.is_some() && due.tries == 0 && due.reserved_until.is_none());
    let mut steps: Vec<ConversationUpdate> = arrived
        .map(|due| ConversationUpdate {
            tenant: due.tenant_id,
            conversation: due.conversation_id,
            channel: due.channel_id,
            contact: due.contact_id,
            at: due.starts_at,
            wamid: String::new(),
            direction: Direction::Outbound,
            kind: due.kind.clone(),
            text: due.scheduled_text.as_deref().map(conversations::preview),
            window_expires_at: None,
            unread: 0,
        })
        .collect();
    if steps.is_empty() {
        return Ok(());
    }
    // The latest of each conversation: the statement takes a conversation once.
    steps.sort_by_key(|step| (step.conversation, std::cmp::Reverse(step.at)));
    steps.dedup_by_key(|step| step.conversation);
    let key = |step: &ConversationUpdate| ConversationKey {
        tenant: step.tenant,
        channel: step.channel,
        contact: step.contact,
    };
    let pairs: Vec<ConversationKey> = steps.iter().map(key).collect();
    let now = service.clock.now();
    let advance = async |tx: &mut Tx| {
        let silent = conversations::lock_silent(tx, &pairs).await?;
        conversations::advance(tx.on(), &steps, now).await?;
        let opened = |it: &CampaignConversation| {
            let pair = pairs
                .iter()
                .find(|pair| (pair.channel, pair.contact) == (it.channel, it.contact))?;
            Some(conversations::opened_event(&service.clock, *pair, it.id, now))
        };
        let new_events: Vec<NewEvent> = silent.iter().filter_map(opened).collect();
        events::append(tx, &new_events, now).await
    };
    retry_conflicts(|| service.db.transaction(advance)).await
}
