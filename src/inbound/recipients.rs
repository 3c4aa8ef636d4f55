//! Recipients of the messages that statuses report on: Meta's names in a status belong to the message's contact.

use std::collections::{HashMap, HashSet};

use super::plan::Plan;
use crate::{
    contacts::people::Party,
    db::{Result, Tx},
    domain::Direction,
    inbound::store::statuses::{self, NewStatus, OrphanStatus},
    messaging::{self, Recipients, store::sends::Proof},
    provider::webhook::{WhatsAppUser, recipient_of_stored_status},
    records::messages::{MessageKey, MessageRef, NamedRecipient, Names},
};

/// Returns the message of a status and Meta's names of the recipient; no names for a group.
pub(super) fn named(status: &NewStatus, proof: Option<&Proof>, recipient: &WhatsAppUser) -> NamedRecipient {
    NamedRecipient {
        tenant: status.tenant,
        of: MessageRef::Wamid(status.key.clone(), proof.map(|proof| proof.attempt)),
        names: Names::of(recipient),
        at: status.occurred_at,
    }
}

/// Sorts the recipients and removes repetitions. Most statuses of a message name the recipient alike; the first is kept.
pub(super) fn sort(named: &mut Vec<NamedRecipient>) {
    named.sort();
    named.dedup_by(|next, first| (&next.of, &next.names) == (&first.of, &first.names));
}

/// Returns the recipients named by orphan statuses.
pub(super) fn orphan_recipients(waiting: &[OrphanStatus]) -> Vec<NamedRecipient> {
    let named = |it: &OrphanStatus| {
        let recipient = recipient_of_stored_status(&it.payload).unwrap_or_default();
        NamedRecipient {
            tenant: it.tenant_id,
            of: MessageRef::Wamid(it.key(), None),
            names: Names::of(&recipient),
            at: it.occurred_at,
        }
    };
    waiting.iter().map(named).collect()
}

/// Finds the recipients of a plan's statuses that have new names: of known messages, and of messages sent elsewhere that are in the plan
/// themselves and whose statuses may have come earlier.
pub(super) async fn find(tx: &mut Tx, plan: &Plan) -> Result<Recipients> {
    let mut found = messaging::recipients(tx, &plan.recipients).await?;
    let sent = plan.messages.iter().filter(|it| it.direction == Direction::Outbound);
    let sent: HashMap<MessageKey, usize> = sent.map(|it| (it.key(), it.conversation_of)).collect();
    if sent.is_empty() {
        return Ok(found);
    }
    let keys: Vec<MessageKey> = sent.keys().cloned().collect();
    let waiting = orphan_recipients(&statuses::orphans(tx.on(), &keys).await?);
    let mut seen = HashSet::new();
    for it in plan.recipients.iter().chain(&waiting) {
        let MessageRef::Wamid(key, _) = &it.of else { continue };
        let Some(to) = sent.get(key).map(|place| &plan.parties[*place]) else {
            continue;
        };
        let mut identities = to.identities[..1].to_vec();
        identities.extend(it.names.clone().identities(it.tenant));
        if to.kind == "person" && identities.len() > 1 && seen.insert((key, &it.names)) {
            found.parties.push(Party {
                identities,
                name: None,
                username: None,
                at: it.at,
                ..to.clone()
            });
        }
    }
    Ok(found)
}
