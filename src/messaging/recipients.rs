//! Matches recipients with contacts. Meta names the recipient in the answer to a send and in every status, not always by the address that
//! was used: by the other form of a Brazilian, Mexican or Argentine number, or by a business-scoped user id. Those names become
//! identities of the message's contact.

use crate::{
    contacts::people::Party,
    db::{Result, Tx},
    domain::{MessageId, TenantId},
    provider::webhook::WhatsAppUser,
    records::{
        contacts::{self, Identity},
        messages::{self, FoundRecipient, NamedRecipient, Names},
    },
};

impl Names {
    /// Returns the names of a recipient in a status.
    pub fn of(person: &WhatsAppUser) -> Self {
        Self {
            phone: person.phone.clone(),
            other_phone: person.other_phone.clone(),
            user_id: person.user_id.clone(),
            parent_user_id: person.parent_user_id.clone(),
        }
    }

    /// Returns the names as identities, the strongest first.
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

/// Messages and contacts found for named recipients.
#[derive(Default)]
pub struct Recipients {
    /// Contacts of the messages, with names that were not known.
    pub(crate) parties: Vec<Party>,
    /// The messages that exist, each once, to be locked. Empty on SQLite, which has one writer.
    pub messages: Vec<(TenantId, MessageId)>,
    /// The messages by index in the request, without those that do not exist. Empty on SQLite.
    pub(crate) by_index: Vec<(usize, (TenantId, MessageId))>,
}

/// Finds the messages and their contacts. Takes one statement if no name is new, none for an empty list. Otherwise the tenants are
/// locked, so that the contacts stay until the commit.
pub async fn recipients(tx: &mut Tx, named: &[NamedRecipient]) -> Result<Recipients> {
    let of = |it: &FoundRecipient| usize::try_from(it.n).ok().and_then(|n| named.get(n));
    let mut found = messages::find_recipients(tx.on(), named).await?;
    let unknown = found.iter().filter(|it| it.is_unknown).filter_map(of);
    contacts::lock_tenants(tx, unknown.map(|it| it.tenant)).await?;
    if tx.is_postgres() && found.iter().any(|it| it.is_unknown) {
        // A contact may have been merged into another before the tenant was locked.
        found = messages::find_recipients(tx.on(), named).await?;
    }
    let party = |it: &FoundRecipient| {
        let named = of(it)?;
        let mut identities = named.names.clone().identities(named.tenant);
        // The address that the message was sent to may belong to somebody else by now.
        identities.retain(|identity| identity.value != it.recipient);
        Party::named(named.tenant, it.contact_id, identities, named.at)
    };
    let parties = found.iter().filter(|it| it.is_unknown).filter_map(party).collect();
    let message = |it: &FoundRecipient| Some((usize::try_from(it.n).ok()?, (of(it)?.tenant, it.id)));
    let by_index: Vec<_> = found.iter().filter_map(message).collect();
    let mut messages: Vec<(TenantId, MessageId)> = by_index.iter().map(|(_, message)| *message).collect();
    messages.sort_unstable();
    messages.dedup();
    Ok(Recipients {
        parties,
        messages,
        by_index,
    })
}
