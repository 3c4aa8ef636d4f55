//! Locks what failed statuses will change. It runs before messages are locked, at its own stage of the lock order; the changes are made
//! after the statuses are joined to their messages.

use std::collections::HashSet;

use crate::{
    db::{Result, Tx},
    domain::{ChannelId, ContactId, MessageId, TenantId},
    messaging::{self, Recipients},
    records::{
        channels,
        conversations::ConversationKey,
        messages::{self, MessageKey, MessageRef, NamedRecipient},
    },
};

/// Contacts and conversations to lock in addition to those of new messages.
#[derive(Default)]
pub(super) struct Affected {
    pub contacts: Vec<ContactId>,
    pub conversations: Vec<ConversationKey>,
}

/// Finds what refusals affect, and locks the channels. `refused` holds the messages of those that are acted on, with the codes; what was asked
/// of `found` is `named`. The caller has locked every tenant that the transaction is about.
pub(super) async fn lock_affected(
    tx: &mut Tx,
    refused: &[(&MessageKey, i64)],
    named: &[NamedRecipient],
    found: &Recipients,
) -> Result<Affected> {
    let (mut keys, mut channels) = (HashSet::new(), Vec::new());
    for (key, code) in refused {
        keys.insert(*key);
        channels.extend(messaging::pauses_campaigns(*code).then_some(key.channel));
    }
    let channel = |index: usize| match &named.get(index)?.of {
        MessageRef::Wamid(key, _) if keys.contains(key) => Some(key.channel),
        _ => None,
    };
    let of: Vec<(ChannelId, (TenantId, MessageId))> = found
        .by_index
        .iter()
        .filter_map(|(index, message)| Some((channel(*index)?, *message)))
        .collect();
    if of.is_empty() {
        return Ok(Affected::default());
    }
    channels::lock(tx, channels).await?;
    let asked: Vec<(TenantId, MessageId)> = of.iter().map(|(_, message)| *message).collect();
    let mut affected = Affected::default();
    for owner in messages::owners(tx, &asked).await? {
        affected.contacts.push(owner.contact_id);
        let of_message = of.iter().find(|(_, (_, message))| *message == owner.id);
        affected
            .conversations
            .extend(of_message.map(|(channel, (tenant, _))| ConversationKey {
                tenant: *tenant,
                channel: *channel,
                contact: owner.contact_id,
            }));
    }
    Ok(affected)
}
