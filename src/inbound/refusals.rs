//! Locks what failed statuses will change. It runs before messages are locked, at its own stage of the lock order; the changes are made
//! after the statuses are joined to their messages.

use std::collections::{HashMap, HashSet};

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
    pub contacts: Vec<(TenantId, ContactId)>,
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
    let of: HashMap<MessageId, (TenantId, ChannelId)> = found
        .by_index
        .iter()
        .filter_map(|(index, (tenant, id))| Some((*id, (*tenant, channel(*index)?))))
        .collect();
    if of.is_empty() {
        return Ok(Affected::default());
    }
    channels::lock(tx, channels).await?;
    let asked: Vec<(TenantId, MessageId)> = of.iter().map(|(id, (tenant, _))| (*tenant, *id)).collect();
    let mut affected = Affected::default();
    for owner in messages::owners(tx.on(), &asked).await? {
        let (tenant, channel) = of[&owner.id];
        affected.contacts.push((tenant, owner.contact_id));
        affected.conversations.push(ConversationKey {
            tenant,
            channel,
            contact: owner.contact_id,
        });
    }
    Ok(affected)
}
