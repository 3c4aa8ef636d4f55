//! Resolves parties to contacts: finds, creates and merges contacts.
//!
//! 1. Locks the tenants and reads the known identities of the batch.
//! 2. Groups identities that are named together or belong to one contact (union-find).
//! 3. Plans a contact for each group: the oldest known one, or a new one. Others of the group are merged into it.
//! 4. Writes the plan, then the parties' attributes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    CreatedContact, IdentityChange, Party, PreferenceChange, RenamedContact,
    attributes::{AttributeChanges, apply_attributes},
    merging::merge_first,
    union_find::UnionFind,
};
use crate::{
    clock::Clock,
    db::{Result, Tx, conflict_error},
    domain::{ContactId, TenantId},
    records::{
        contacts::{self, ContactMerge, Identity, KnownIdentity, NewContact},
        lock_order::Stage,
    },
};

/// Result of a resolution.
pub struct Resolved {
    /// One per party, in their order.
    pub contacts: Vec<ContactId>,
    pub(crate) created: Vec<CreatedContact>,
    /// Without created contacts.
    pub(crate) identified: Vec<IdentityChange>,
    /// Without created contacts.
    pub(crate) renamed: Vec<RenamedContact>,
    pub(crate) preferring: Vec<PreferenceChange>,
}

/// Finds or creates the contact of each party and links identities named together. Fails where contacts turn out to be one person: the caller
/// passes the result of its transaction through [`super::after_merges`] and begins again. Locks the
/// contacts of `also` besides.
pub async fn resolve(
    tx: &mut Tx,
    clock: &Clock,
    parties: &[Party],
    also: &[(TenantId, ContactId)],
) -> Result<Resolved> {
    contacts::lock_tenants(tx, parties.iter().map(|party| party.tenant)).await?;
    let mut nodes: Vec<Identity> = parties.iter().flat_map(|party| party.identities.clone()).collect();
    nodes.sort();
    nodes.dedup();
    let known = contacts::identities(tx.on(), &nodes).await?;
    let same_lines = other_forms(tx, &nodes, &known).await?;
    let sets = IdentitySets::new(parties, nodes, &known, &same_lines);
    let plan = sets.plan(clock);
    let now = clock.now();

    if !plan.merges.is_empty() {
        return Err(merge_first(plan.merges));
    }
    Stage::Contacts.reach(tx);
    if !also.is_empty() || parties.iter().any(Party::changes_consent) {
        // More than one statement is going to change contacts.
        let known = known.iter().map(|it| (it.tenant_id, it.contact_id));
        contacts::lock(tx, known.chain(also.iter().copied())).await?;
    }
    contacts::insert(tx.on(), &plan.new, now).await?;
    if contacts::assign(tx.on(), &plan.owned, now).await? != plan.owned.len() as u64 {
        return Err(conflict_error());
    }
    contacts::reassign(tx.on(), &plan.taken).await?;

    let contact_ids: Vec<ContactId> = parties.iter().map(|party| plan.contact[&party.identities[0]]).collect();
    let changes = apply_attributes(tx, clock, parties, &contact_ids).await?;
    Ok(summary(plan, changes, contact_ids))
}

/// Finds the contacts that have phone numbers of the batch in another national form, such as a Brazilian number with or without its ninth digit.
/// Only numbers that nobody has in the form that they are named in are looked up.
async fn other_forms(tx: &mut Tx, nodes: &[Identity], known: &[KnownIdentity]) -> Result<Vec<(usize, ContactId)>> {
    let stored: HashSet<(TenantId, &str)> = known
        .iter()
        .filter(|it| it.kind == "phone")
        .map(|it| (it.tenant_id, it.value.as_str()))
        .collect();
    let mut forms: HashMap<Identity, usize> = HashMap::new();
    for (node, identity) in nodes.iter().enumerate().filter(|(_, it)| it.kind == "phone") {
        let mut variants = mainstay_phone::variants(&identity.value).peekable();
        if variants.peek().is_none() || stored.contains(&(identity.tenant, identity.value.as_str())) {
            continue;
        }
        let form = |value| Identity {
            value,
            ..identity.clone()
        };
        forms.extend(variants.map(|value| (form(value), node)));
    }
    if forms.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Identity> = forms.keys().cloned().collect();
    let found = contacts::identities(tx.on(), &wanted).await?;
    let of = |row: KnownIdentity| {
        let identity = Identity {
            tenant: row.tenant_id,
            kind: "phone",
            value: row.value,
        };
        let node = forms.get(&identity).filter(|_| row.retired_at.is_none())?;
        Some((*node, row.contact_id))
    };
    Ok(found.into_iter().filter_map(of).collect())
}

/// Builds the result from what was written.
fn summary(plan: ContactPlan, mut changes: AttributeChanges, contacts: Vec<ContactId>) -> Resolved {
    let mut changed: BTreeMap<ContactId, IdentityChange> = BTreeMap::new();
    for (identity, contact) in plan.owned.into_iter().chain(plan.taken) {
        let known = changed.entry(contact).or_insert_with(|| IdentityChange {
            tenant: identity.tenant,
            contact,
            added: Vec::new(),
            retired: Vec::new(),
        });
        known.added.push(identity);
    }
    let created = |new: NewContact| {
        let named = changes.renamed.remove(&new.id);
        let (name, username) = named.map_or((None, None), |it| (it.name, it.username));
        CreatedContact {
            tenant: new.tenant,
            contact: new.id,
            kind: new.kind,
            name,
            username,
            identities: changed.remove(&new.id).map(|it| it.added).unwrap_or_default(),
        }
    };
    let created: Vec<CreatedContact> = plan.new.into_iter().map(created).collect();
    for (contact, identity) in changes.retired {
        if let Some(known) = changed.get_mut(&contact) {
            known.retired.push(identity);
        }
    }
    Resolved {
        contacts,
        created,
        identified: changed.into_values().collect(),
        renamed: changes.renamed.into_values().collect(),
        preferring: changes.preferring,
    }
}

/// The identities of a batch, grouped by contact.
struct IdentitySets<'a> {
    nodes: Vec<Identity>,
    roots: Vec<usize>,
    kinds: BTreeMap<usize, &'static str>,
    /// The stored identity of a node, unless it was given up before this batch mentions it.
    known: HashMap<usize, &'a KnownIdentity>,
    given_up: BTreeSet<usize>,
    /// Contacts that parties are known to be, each with a node of the party.
    anchors: Vec<(usize, ContactId)>,
}

impl<'a> IdentitySets<'a> {
    /// `same_lines` are contacts that have the phone number of a node in another national form.
    fn new(
        parties: &[Party],
        nodes: Vec<Identity>,
        known: &'a [KnownIdentity],
        same_lines: &[(usize, ContactId)],
    ) -> Self {
        let index: HashMap<&Identity, usize> = nodes.iter().enumerate().map(|(at, node)| (node, at)).collect();
        let mut union = UnionFind::new(nodes.len());
        let mut mentioned_at = vec![None; nodes.len()];
        for party in parties {
            let first = index[&party.identities[0]];
            for identity in &party.identities {
                union.join(first, index[identity]);
                let at = &mut mentioned_at[index[identity]];
                // The earliest mention decides: until it was given up, a number meant its old owner.
                *at = Some(at.map_or(party.at, |earlier: DateTime<Utc>| earlier.min(party.at)));
            }
        }
        let mut current = HashMap::new();
        let mut given_up = BTreeSet::new();
        let mut first_node_of: HashMap<ContactId, usize> = HashMap::new();
        let mut anchors = Vec::new();
        for party in parties {
            let Some(contact) = party.contact else { continue };
            let node = index[&party.identities[0]];
            union.join(*first_node_of.entry(contact).or_insert(node), node);
            anchors.push((node, contact));
        }
        for &(node, contact) in same_lines {
            union.join(*first_node_of.entry(contact).or_insert(node), node);
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
            if matches!((row.retired_at, mentioned_at[at]), (Some(retired), Some(mentioned)) if mentioned > retired) {
                given_up.insert(at);
                continue;
            }
            current.insert(at, row);
            union.join(*first_node_of.entry(row.contact_id).or_insert(at), at);
        }
        let roots: Vec<usize> = (0..nodes.len()).map(|node| union.find(node)).collect();
        let mut kinds = BTreeMap::new();
        for party in parties {
            kinds.insert(roots[index[&party.identities[0]]], party.kind);
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

    fn plan(self, clock: &Clock) -> ContactPlan {
        let mut contacts: BTreeMap<usize, BTreeSet<ContactId>> = BTreeMap::new();
        for (node, row) in &self.known {
            contacts.entry(self.roots[*node]).or_default().insert(row.contact_id);
        }
        for (node, contact) in &self.anchors {
            contacts.entry(self.roots[*node]).or_default().insert(*contact);
        }
        let mut plan = ContactPlan::default();
        let mut contact_of: BTreeMap<usize, ContactId> = BTreeMap::new();
        for (node, identity) in self.nodes.into_iter().enumerate() {
            let root = self.roots[node];
            let contact = *contact_of.entry(root).or_insert_with(|| {
                let found = contacts.remove(&root).unwrap_or_default();
                // Ids sort by time: the oldest contact survives.
                let mut found = found.into_iter();
                let Some(survivor) = found.next() else {
                    let id = clock.new_id();
                    plan.new.push(NewContact {
                        tenant: identity.tenant,
                        id,
                        kind: self.kinds[&root],
                    });
                    return id;
                };
                plan.merges.extend(found.map(|gone| ContactMerge {
                    tenant: identity.tenant,
                    from: gone,
                    into: survivor,
                }));
                survivor
            });
            if self.given_up.contains(&node) {
                plan.taken.push((identity.clone(), contact));
            } else if !self.known.contains_key(&node) {
                plan.owned.push((identity.clone(), contact));
            }
            plan.contact.insert(identity, contact);
        }
        plan
    }
}

#[derive(Default)]
struct ContactPlan {
    contact: HashMap<Identity, ContactId>,
    new: Vec<NewContact>,
    owned: Vec<(Identity, ContactId)>,
    taken: Vec<(Identity, ContactId)>,
    merges: Vec<ContactMerge>,
}
