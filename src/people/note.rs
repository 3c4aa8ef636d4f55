//! What people tell about themselves, and what of it is new.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{Party, Preferred, Renamed};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ContactId, TenantId},
    records::contacts::{self, Identity, Naming, Preferring},
};

/// What was new in what parties told about themselves.
pub(super) struct Noted {
    pub renamed: BTreeMap<ContactId, Renamed>,
    pub preferring: Vec<Preferred>,
    /// What they gave up, told again or not.
    pub retired: BTreeSet<(ContactId, Identity)>,
}

/// Keeps what the parties tell about themselves: names, user names, preferences, numbers given up.
pub(super) async fn note(tx: &mut Tx, clock: &Clock, parties: &[Party], of_party: &[ContactId]) -> Result<Noted> {
    let now = clock.now();
    let mut names: BTreeMap<ContactId, Naming> = BTreeMap::new();
    let mut usernames: BTreeMap<Identity, (DateTime<Utc>, ContactId)> = BTreeMap::new();
    let mut preferring: BTreeMap<ContactId, Preferring> = BTreeMap::new();
    let mut retired: BTreeMap<Identity, DateTime<Utc>> = BTreeMap::new();
    let mut given_up = BTreeSet::new();
    for (party, &contact) in parties.iter().zip(of_party) {
        let tenant = party.tenant;
        if let Some(name) = &party.name {
            let naming = Naming {
                tenant,
                contact,
                name: name.clone(),
                at: party.at,
            };
            let held = names.entry(contact).or_insert_with(|| naming.clone());
            if (naming.at, &naming.name) > (held.at, &held.name) {
                *held = naming;
            }
        }
        if let Some(name) = &party.username {
            let identity = Identity {
                tenant,
                kind: "username",
                value: name.clone(),
            };
            let seen = usernames.entry(identity).or_insert((party.at, contact));
            *seen = (*seen).max((party.at, contact));
        }
        if let Some(stopped) = party.marketing_stopped {
            let told = Preferring {
                tenant,
                contact,
                marketing_stopped: stopped,
                at: party.at,
            };
            let held = preferring.entry(contact).or_insert_with(|| told.clone());
            if told.at > held.at {
                *held = told;
            }
        }
        for identity in &party.retired {
            let at = retired.entry(identity.clone()).or_insert(party.at);
            *at = (*at).max(party.at);
            given_up.insert((contact, identity.clone()));
        }
    }
    let named = contacts::name(&mut *tx, &names.values().cloned().collect::<Vec<_>>(), now).await?;
    let preferred = contacts::prefer(&mut *tx, &preferring.values().cloned().collect::<Vec<_>>(), now).await?;
    contacts::retire(&mut *tx, &retired.into_iter().collect::<Vec<_>>()).await?;
    let usernames = usernames
        .into_iter()
        .map(|(identity, (_, contact))| (identity, contact))
        .collect();
    let mut renamed: BTreeMap<ContactId, Renamed> = BTreeMap::new();
    for (contact,) in named {
        let it = &names[&contact];
        renamed
            .entry(contact)
            .or_insert_with(|| unnamed(it.tenant, contact))
            .name = Some(it.name.clone());
    }
    for (identity, contact) in adopt_usernames(tx, clock, usernames).await? {
        let it = renamed
            .entry(contact)
            .or_insert_with(|| unnamed(identity.tenant, contact));
        it.username = Some(identity.value);
    }
    let shown = |(contact,): (ContactId,)| Preferred {
        contact,
        marketing_stopped: preferring[&contact].marketing_stopped,
        at: preferring[&contact].at,
    };
    Ok(Noted {
        renamed,
        preferring: preferred.into_iter().map(shown).collect(),
        retired: given_up,
    })
}

fn unnamed(tenant: TenantId, contact: ContactId) -> Renamed {
    Renamed {
        tenant,
        contact,
        name: None,
        username: None,
    }
}

/// A user name belongs to whoever was last seen with it; tells those that were not known to be theirs.
async fn adopt_usernames(
    tx: &mut Tx,
    clock: &Clock,
    wanted: Vec<(Identity, ContactId)>,
) -> Result<Vec<(Identity, ContactId)>> {
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let identities: Vec<Identity> = wanted.iter().map(|(identity, _)| identity.clone()).collect();
    let held: HashMap<String, ContactId> = contacts::identities(&mut *tx, &identities)
        .await?
        .into_iter()
        .map(|it| (it.value, it.contact_id))
        .collect();
    let (new, old): (Vec<_>, Vec<_>) = wanted
        .into_iter()
        .partition(|(identity, _)| !held.contains_key(&identity.value));
    let taken: Vec<_> = old
        .into_iter()
        .filter(|(identity, contact)| held[&identity.value] != *contact)
        .collect();
    if contacts::own(&mut *tx, &new, clock.now()).await? != new.len() as u64 {
        return Err(conflict_error());
    }
    contacts::take_over(tx, &taken).await?;
    Ok(new.into_iter().chain(taken).collect())
}
