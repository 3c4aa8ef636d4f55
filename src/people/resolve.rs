use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{
    Created, Identified, Party, Preferred, Renamed,
    note::{Noted, note},
    union::Union,
};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ContactId, TenantId},
    records::contacts::{self, Identity, KnownIdentity, NewContact},
};

/// Who the parties are.
pub struct Resolved {
    /// One for each party, in their order.
    pub contacts: Vec<ContactId>,
    pub created: Vec<Created>,
    /// None of those created.
    pub identified: Vec<Identified>,
    /// None of those created.
    pub renamed: Vec<Renamed>,
    pub preferring: Vec<Preferred>,
    /// (tenant, gone, survivor).
    pub merged: Vec<(TenantId, ContactId, ContactId)>,
}

/// Finds or makes the contact of every party, links what belongs together and merges contacts that turn out to be one.
pub async fn resolve(tx: &mut Tx, clock: &Clock, parties: &[Party]) -> Result<Resolved> {
    contacts::lock_tenants(tx, parties.iter().map(|party| party.tenant)).await?;
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
        return Err(conflict_error());
    }
    contacts::take_over(&mut *tx, &decided.taken).await?;

    let of_party: Vec<ContactId> = parties
        .iter()
        .map(|party| decided.contact[&party.identities[0]])
        .collect();
    let noted = note(tx, clock, parties, &of_party).await?;
    Ok(summary(decided, noted, of_party))
}

/// What has become of whom.
fn summary(decided: Decided, mut noted: Noted, contacts: Vec<ContactId>) -> Resolved {
    let mut changed: BTreeMap<ContactId, Identified> = BTreeMap::new();
    for (identity, contact) in decided.owned.into_iter().chain(decided.taken) {
        let known = changed.entry(contact).or_insert_with(|| Identified {
            tenant: identity.tenant,
            contact,
            added: Vec::new(),
            retired: Vec::new(),
        });
        known.added.push(identity);
    }
    let created = |new: NewContact| {
        let named = noted.renamed.remove(&new.id);
        let (name, username) = named.map_or((None, None), |it| (it.name, it.username));
        Created {
            tenant: new.tenant,
            contact: new.id,
            kind: new.kind,
            name,
            username,
            identities: changed.remove(&new.id).map(|it| it.added).unwrap_or_default(),
        }
    };
    let created: Vec<Created> = decided.new.into_iter().map(created).collect();
    for (contact, identity) in noted.retired {
        if let Some(known) = changed.get_mut(&contact) {
            known.retired.push(identity);
        }
    }
    Resolved {
        contacts,
        created,
        identified: changed.into_values().collect(),
        renamed: noted.renamed.into_values().collect(),
        preferring: noted.preferring,
        merged: decided.merged,
    }
}

/// The identities of a batch, in the sets that belong together.
struct Sets<'a> {
    nodes: Vec<Identity>,
    roots: Vec<usize>,
    kinds: BTreeMap<usize, &'static str>,
    /// What is known of a node, unless it was given up before this batch speaks of it.
    known: HashMap<usize, &'a KnownIdentity>,
    given_up: BTreeSet<usize>,
    /// The contacts that parties are, where that is known otherwise, each with a node of the party.
    anchors: Vec<(usize, ContactId)>,
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
        let mut anchors = Vec::new();
        for party in parties {
            let Some(contact) = party.contact else { continue };
            let node = place[&party.identities[0]];
            union.join(*first_of_contact.entry(contact).or_insert(node), node);
            anchors.push((node, contact));
        }
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
            anchors,
            nodes,
        }
    }

    fn decide(self, clock: &Clock) -> Decided {
        let mut contacts: BTreeMap<usize, BTreeSet<ContactId>> = BTreeMap::new();
        for (node, row) in &self.known {
            contacts.entry(self.roots[*node]).or_default().insert(row.contact_id);
        }
        for (node, contact) in &self.anchors {
            contacts.entry(self.roots[*node]).or_default().insert(*contact);
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
