//! What refusals among statuses are going to change. It is found and locked before the messages are, at its own stage of the lock order, and
//! changed once the statuses are joined to their messages.

use std::collections::HashSet;

use crate::{
    db::{Result, Tx},
    domain::{ChannelId, ContactId, MessageId, TenantId},
    messaging::{self, Recipients},
    records::{
        channels,
        conversations::Pair,
        messages::{self, Key, Named, Which},
    },
};

/// Contacts and conversations that are locked beside those of new messages.
#[derive(Default)]
pub(super) struct Affected {
    pub contacts: Vec<ContactId>,
    pub conversations: Vec<Pair>,
}

/// Finds what refusals affect, and locks the channels. `refused` holds the messages of those that are acted on, with the codes; what was asked
/// of `found` is `named`. The caller has locked every tenant that the transaction is about.
pub(super) async fn lock(
    tx: &mut Tx,
    refused: &[(&Key, i64)],
    named: &[Named],
    found: &Recipients,
) -> Result<Affected> {
    let (mut keys, mut channels) = (HashSet::new(), Vec::new());
    for (key, code) in refused {
        keys.insert(*key);
        channels.extend(messaging::pauses_campaigns(*code).then_some(key.channel));
    }
    let channel = |place: usize| match &named.get(place)?.of {
        Which::Told(key, _) if keys.contains(key) => Some(key.channel),
        _ => None,
    };
    let of: Vec<(ChannelId, (TenantId, MessageId))> = found
        .by_index
        .iter()
        .filter_map(|(place, message)| Some((channel(*place)?, *message)))
        .collect();
    if of.is_empty() {
        return Ok(Affected::default());
    }
    channels::lock(tx, channels).await?;
    let asked: Vec<(TenantId, MessageId)> = of.iter().map(|(_, message)| *message).collect();
    let mut affected = Affected::default();
    for whose in messages::whose(tx, &asked).await? {
        affected.contacts.push(whose.contact_id);
        let of_message = of.iter().find(|(_, (_, message))| *message == whose.id);
        affected
            .conversations
            .extend(of_message.map(|(channel, (tenant, _))| Pair {
                tenant: *tenant,
                channel: *channel,
                contact: whose.contact_id,
            }));
    }
    Ok(affected)
}
