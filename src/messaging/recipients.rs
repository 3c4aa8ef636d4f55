//! Who the recipients of messages are. Meta names them in the answer to a send and in every status, and not always as they were addressed:
//! by the other form of a Brazilian, Mexican or Argentine number, by a business-scoped user id. What it calls a recipient belongs to the
//! contact of the message.

use crate::{
    db::{Result, Tx},
    domain::{MessageId, TenantId},
    meta::webhook::WhatsAppUser,
    people::Party,
    records::{
        contacts::{self, Identity},
        messages::{self, FoundRecipient, NamedRecipient, Names},
    },
};

impl Names {
    /// What a status calls its recipient.
    pub fn of(person: &WhatsAppUser) -> Self {
        Self {
            phone: person.phone.clone(),
            other_phone: person.other_phone.clone(),
            user_id: person.user_id.clone(),
            parent_user_id: person.parent_user_id.clone(),
        }
    }

    /// As identities, the strongest first.
    pub fn identities(self, tenant: TenantId) -> Vec<Identity> {
        let all = [
            ("user_id", self.user_id),
            ("phone", self.phone),
            ("phone", self.other_phone),
            ("parent_user_id", self.parent_user_id),
        ];
        all.into_iter()
            .filter_map(|(kind, value)| value.map(|value| Identity { tenant, kind, value }))
            .collect()
    }
}

/// What is known of messages that Meta names the recipients of.
#[derive(Default)]
pub struct Recipients {
    /// The contacts of messages, with what they are called and were not known by.
    pub parties: Vec<Party>,
    /// The messages there are, each once, to be locked. None on SQLite, which has one writer.
    pub messages: Vec<(TenantId, MessageId)>,
    /// The message of each that was asked for, by its place; without those there are none of, and without any on SQLite.
    pub by_place: Vec<(usize, (TenantId, MessageId))>,
}

/// Finds the messages and their contacts. Costs one statement where there is nothing new, and none where nothing is asked. Where there is, the
/// tenants are locked, so that the contacts stay until the commit.
pub async fn recipients(tx: &mut Tx, named: &[NamedRecipient]) -> Result<Recipients> {
    let of = |it: &FoundRecipient| usize::try_from(it.n).ok().and_then(|n| named.get(n));
    let mut found = messages::find_recipients(&mut *tx, named).await?;
    let unknown = found.iter().filter(|it| it.is_unknown).filter_map(of);
    contacts::lock_tenants(tx, unknown.map(|it| it.tenant)).await?;
    if tx.is_postgres() && found.iter().any(|it| it.is_unknown) {
        // A contact may have been merged away before the lock was there.
        found = messages::find_recipients(&mut *tx, named).await?;
    }
    let party = |it: &FoundRecipient| {
        let named = of(it)?;
        let mut identities = named.names.clone().identities(named.tenant);
        // The address that the message was sent to may be somebody else's by now.
        identities.retain(|identity| identity.value != it.recipient);
        Party::named(named.tenant, it.contact_id, identities, named.at)
    };
    let parties = found.iter().filter(|it| it.is_unknown).filter_map(party).collect();
    let message = |it: &FoundRecipient| Some((usize::try_from(it.n).ok()?, (of(it)?.tenant, it.id)));
    let by_place: Vec<_> = found.iter().filter_map(message).collect();
    let mut messages: Vec<(TenantId, MessageId)> = by_place.iter().map(|(_, message)| *message).collect();
    messages.sort_unstable();
    messages.dedup();
    Ok(Recipients {
        parties,
        messages,
        by_place,
    })
}
