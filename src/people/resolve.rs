use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{Party, union::Union};
use crate::{
    clock::Clock,
    db::{Result, Tx, collision},
    domain::{ContactId, TenantId},
    store::contacts::{self, Identity, KnownIdentity, Naming, NewContact, Preferring},
};

/// Who the parties are.
pub struct Resolved {
    /// One for each party, in their order.
    pub contacts: Vec<ContactId>,
    pub created: Vec<(TenantId, ContactId)>,
    /// Contacts that gained or gave up an identity.
    pub identified: Vec<(TenantId, ContactId)>,
    /// (tenant, gone, survivor).
    pub merged: Vec<(TenantId, ContactId, ContactId)>,
}

/// Finds or makes the contact of every party, links what belongs together and merges contacts that turn out to be one.
pub async fn resolve(tx: &mut Tx, clock: &Clock, parties: &[Party]) -> Result<Resolved> {
    let tenants: BTreeSet<TenantId> = parties.iter().map(|party| party.tenant).collect();
    for tenant in &tenants {
        contacts::lock_tenant(tx, *tenant, false).await?;
    }
    let mut nodes: Vec<Identity> = parties.iter().flat_map(|party| party.identities.clone()).collect();
    nodes.sort();
    nodes.dedup();
    let known = contacts::identities(&mut *tx, &nodes).await?;
    let sets = Sets::make(parties, nodes, &known);
    let decided = sets.decide(clock);
    let now = clock.now();

    for (tenant, gone, survivor) in &decided.merged {
        contacts::lock_tenant(tx, *tenant, true).await?;
        contacts::merge(tx, *tenant, *gone, *survivor).await?;
    }
    contacts::add(&mut *tx, &decided.new, now).await?;
    if contacts::own(&mut *tx, &decided.owned, now).await? != decided.owned.len() as u64 {
        return Err(collision());
    }
    contacts::take_over(&mut *tx, &decided.taken).await?;

    let of_party: Vec<ContactId> = parties
        .iter()
        .map(|party| decided.contact[&party.identities[0]])
        .collect();
    note(tx, clock, parties, &of_party).await?;
    let identified = decided
        .owned
        .iter()
        .map(|(identity, contact)| (identity.tenant, *contact))
        .collect::<BTreeSet<_>>();
    let created: Vec<_> = decided.new.iter().map(|new| (new.tenant, new.id)).collect();
    Ok(Resolved {
        contacts: of_party,
        identified: identified.into_iter().filter(|it| !created.contains(it)).collect(),
        created,
        merged: decided.merged,
    })
}

/// Keeps what the parties tell about themselves: names, user names, preferences, numbers given up.
async fn note(tx: &mut Tx, clock: &Clock, parties: &[Party], of_party: &[ContactId]) -> Result<()> {
    let now = clock.now();
    let mut names: BTreeMap<ContactId, Naming> = BTreeMap::new();
    let mut usernames: BTreeMap<Identity, (DateTime<Utc>, ContactId)> = BTreeMap::new();
    let mut preferring: BTreeMap<ContactId, Preferring> = BTreeMap::new();
    let mut retired: BTreeMap<Identity, DateTime<Utc>> = BTreeMap::new();
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
        }
    }
    contacts::name(&mut *tx, &names.into_values().collect::<Vec<_>>(), now).await?;
    contacts::prefer(&mut *tx, &preferring.into_values().collect::<Vec<_>>(), now).await?;
    contacts::retire(&mut *tx, &retired.into_iter().collect::<Vec<_>>()).await?;
    let usernames = usernames
        .into_iter()
        .map(|(identity, (_, contact))| (identity, contact))
        .collect();
    adopt_usernames(tx, clock, usernames).await
}

/// A user name belongs to whoever was last seen with it.
async fn adopt_usernames(tx: &mut Tx, clock: &Clock, wanted: Vec<(Identity, ContactId)>) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
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
        return Err(collision());
    }
    contacts::take_over(tx, &taken).await.map(drop)
}

/// The identities of a batch, in the sets that belong together.
struct Sets<'a> {
    nodes: Vec<Identity>,
    roots: Vec<usize>,
    kinds: BTreeMap<usize, &'static str>,
    /// What is known of a node, unless it was given up before this batch speaks of it.
    known: HashMap<usize, &'a KnownIdentity>,
    given_up: BTreeSet<usize>,
}

impl<'a> Sets<'a> {
    fn make(parties: &[Party], nodes: Vec<Identity>, known: &'a [KnownIdentity]) -> Self {
        let place: HashMap<&Identity, usize> = nodes.iter().enumerate().map(|(at, node)| (node, at)).collect();
        let mut union = Union::new(nodes.len());
        let mut spoken_at = vec![None; nodes.len()];
        for party in parties {
            let first = place[&party.identities[0]];
            for identity in &party.identities {
                union.join(first, place[identity]);
                let at = &mut spoken_at[place[identity]];
                // The earliest mention decides: a number given up later than that still meant its old owner.
                *at = Some(at.map_or(party.at, |earlier: DateTime<Utc>| earlier.min(party.at)));
            }
        }
        let mut current = HashMap::new();
        let mut given_up = BTreeSet::new();
        let mut first_of_contact: HashMap<ContactId, usize> = HashMap::new();
        let by_text: HashMap<(TenantId, &str, &str), usize> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| ((node.tenant, node.kind, node.value.as_str()), at))
            .collect();
        for row in known {
            let named = by_text.get(&(row.tenant_id, row.kind.as_str(), row.value.as_str()));
            let Some(&at) = named else { continue };
            if matches!((row.retired_at, spoken_at[at]), (Some(retired), Some(spoken)) if spoken > retired) {
                given_up.insert(at);
                continue;
            }
            current.insert(at, row);
            union.join(*first_of_contact.entry(row.contact_id).or_insert(at), at);
        }
        let roots: Vec<usize> = (0..nodes.len()).map(|node| union.find(node)).collect();
        let mut kinds = BTreeMap::new();
        for party in parties {
            kinds.insert(roots[place[&party.identities[0]]], party.kind);
        }
        Self {
            roots,
            kinds,
            known: current,
            given_up,
            nodes,
        }
    }

    fn decide(self, clock: &Clock) -> Decided {
        let mut contacts: BTreeMap<usize, BTreeSet<ContactId>> = BTreeMap::new();
        for (node, row) in &self.known {
            contacts.entry(self.roots[*node]).or_default().insert(row.contact_id);
        }
        let mut decided = Decided::default();
        let mut contact_of: BTreeMap<usize, ContactId> = BTreeMap::new();
        for (node, identity) in self.nodes.into_iter().enumerate() {
            let root = self.roots[node];
            let contact = *contact_of.entry(root).or_insert_with(|| {
                let found = contacts.remove(&root).unwrap_or_default();
                // Ids sort by time: the oldest survives.
                let mut found = found.into_iter();
                let Some(survivor) = found.next() else {
                    let id = clock.new_id();
                    decided.new.push(NewContact {
                        tenant: identity.tenant,
                        id,
                        kind: self.kinds[&root],
                    });
                    return id;
                };
                decided
                    .merged
                    .extend(found.map(|gone| (identity.tenant, gone, survivor)));
                survivor
            });
            if self.given_up.contains(&node) {
                decided.taken.push((identity.clone(), contact));
            } else if !self.known.contains_key(&node) {
                decided.owned.push((identity.clone(), contact));
            }
            decided.contact.insert(identity, contact);
        }
        decided
    }
}

#[derive(Default)]
struct Decided {
    contact: HashMap<Identity, ContactId>,
    new: Vec<NewContact>,
    owned: Vec<(Identity, ContactId)>,
    taken: Vec<(Identity, ContactId)>,
    merged: Vec<(TenantId, ContactId, ContactId)>,
}
