//! Applies names, usernames, preferences and given-up identities to contacts, and reports what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{Party, PreferenceChange, RenamedContact};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ContactId, TenantId},
    records::contacts::{self, Identity, NameReport, PreferenceReport},
};

/// Changes that were new.
pub(super) struct AttributeChanges {
    pub renamed: BTreeMap<ContactId, RenamedContact>,
    pub(crate) preferring: Vec<PreferenceChange>,
    /// Identities given up, whether that was known or not.
    pub retired: BTreeSet<(ContactId, Identity)>,
}

/// Stores the parties' names, usernames, preferences and given-up identities. The latest mention wins.
pub(super) async fn apply_attributes(
    tx: &mut Tx,
    clock: &Clock,
    parties: &[Party],
    contact_ids: &[ContactId],
) -> Result<AttributeChanges> {
    let now = clock.now();
    let mut names: BTreeMap<ContactId, NameReport> = BTreeMap::new();
    let mut usernames: BTreeMap<Identity, (DateTime<Utc>, ContactId)> = BTreeMap::new();
    let mut preferring: BTreeMap<ContactId, PreferenceReport> = BTreeMap::new();
    let mut retired: BTreeMap<Identity, DateTime<Utc>> = BTreeMap::new();
    let mut given_up = BTreeSet::new();
    for (party, &contact) in parties.iter().zip(contact_ids) {
        let tenant = party.tenant;
        if let Some(name) = &party.name {
            let naming = NameReport {
                tenant,
                contact,
                name: name.clone(),
                at: party.at,
            };
            let current = names.entry(contact).or_insert_with(|| naming.clone());
            if (naming.at, &naming.name) > (current.at, &current.name) {
                *current = naming;
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
            let preference = PreferenceReport {
                tenant,
                contact,
                marketing_stopped: stopped,
                at: party.at,
            };
            let current = preferring.entry(contact).or_insert_with(|| preference.clone());
            if preference.at > current.at {
                *current = preference;
            }
        }
        for identity in &party.retired {
            let at = retired.entry(identity.clone()).or_insert(party.at);
            *at = (*at).max(party.at);
            given_up.insert((contact, identity.clone()));
        }
    }
    let renamed_ids = contacts::set_names(tx.on(), &names.values().cloned().collect::<Vec<_>>(), now).await?;
    let changed_preferences =
        contacts::set_preferences(tx.on(), &preferring.values().cloned().collect::<Vec<_>>(), now).await?;
    contacts::retire(tx.on(), &retired.into_iter().collect::<Vec<_>>()).await?;
    let usernames = usernames
        .into_iter()
        .map(|(identity, (_, contact))| (identity, contact))
        .collect();
    let mut renamed: BTreeMap<ContactId, RenamedContact> = BTreeMap::new();
    for (contact,) in renamed_ids {
        let it = &names[&contact];
        renamed
            .entry(contact)
            .or_insert_with(|| unchanged(it.tenant, contact))
            .name = Some(it.name.clone());
    }
    for (identity, contact) in adopt_usernames(tx, clock, usernames).await? {
        let it = renamed
            .entry(contact)
            .or_insert_with(|| unchanged(identity.tenant, contact));
        it.username = Some(identity.value);
    }
    let shown = |(contact,): (ContactId,)| PreferenceChange {
        contact,
        marketing_stopped: preferring[&contact].marketing_stopped,
        at: preferring[&contact].at,
    };
    Ok(AttributeChanges {
        renamed,
        preferring: changed_preferences.into_iter().map(shown).collect(),
        retired: given_up,
    })
}

fn unchanged(tenant: TenantId, contact: ContactId) -> RenamedContact {
    RenamedContact {
        tenant,
        contact,
        name: None,
        username: None,
    }
}

/// Assigns usernames to the contacts last seen with them. Returns the assignments that are new.
async fn adopt_usernames(
    tx: &mut Tx,
    clock: &Clock,
    seen: Vec<(Identity, ContactId)>,
) -> Result<Vec<(Identity, ContactId)>> {
    if seen.is_empty() {
        return Ok(seen);
    }
    let identities: Vec<Identity> = seen.iter().map(|(identity, _)| identity.clone()).collect();
    let current: HashMap<String, ContactId> = contacts::identities(tx.on(), &identities)
        .await?
        .into_iter()
        .map(|it| (it.value, it.contact_id))
        .collect();
    let (new, old): (Vec<_>, Vec<_>) = seen
        .into_iter()
        .partition(|(identity, _)| !current.contains_key(&identity.value));
    let taken: Vec<_> = old
        .into_iter()
        .filter(|(identity, contact)| current[&identity.value] != *contact)
        .collect();
    if contacts::assign(tx.on(), &new, clock.now()).await? != new.len() as u64 {
        return Err(conflict_error());
    }
    contacts::reassign(tx.on(), &taken).await?;
    Ok(new.into_iter().chain(taken).collect())
}
