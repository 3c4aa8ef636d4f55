//! Finds the contact of each row of a chunk.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{judge::other_phone, read_row::ImportedRow};
use crate::{
    domain::{ContactId, TenantId},
    records::contacts::{Identity, KnownIdentity},
};

/// The contact of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowContact {
    New,
    Known(ContactId),
    /// The identities belong to these contacts, the oldest first.
    Several(Vec<ContactId>),
    /// A later row of the chunk has the same identity.
    Repeated,
}

/// A row with its contact, and the identities that the contact is to get.
#[derive(Clone, Debug)]
pub(super) struct MatchedRow<'a> {
    pub row: &'a ImportedRow,
    pub contact: RowContact,
    /// Nobody has them.
    pub missing: Vec<Identity>,
    /// Another contact gave them up.
    pub given_up: Vec<Identity>,
}

/// Identities that are known, of those that the rows of a chunk name.
pub(super) struct KnownInChunk {
    tenant: TenantId,
    identities: HashMap<(String, String), KnownIdentity>,
    external: HashMap<String, ContactId>,
}

/// Returns the identities of rows to look up: phone numbers in both ways of writing, and user ids.
pub(super) fn wanted(tenant: TenantId, rows: &[&ImportedRow]) -> Vec<Identity> {
    let mut wanted = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(phone) = &row.phone {
            wanted.extend(other_phone(phone).map(|value| identity(tenant, "phone", &value)));
            wanted.push(identity(tenant, "phone", phone));
        }
        wanted.extend(row.user_id.iter().map(|value| identity(tenant, "user_id", value)));
    }
    wanted.sort();
    wanted.dedup();
    wanted
}

fn identity(tenant: TenantId, kind: &'static str, value: &str) -> Identity {
    Identity {
        tenant,
        kind,
        value: value.to_owned(),
    }
}

impl KnownInChunk {
    pub fn new(tenant: TenantId, identities: Vec<KnownIdentity>, external: Vec<(String, ContactId)>) -> Self {
        let key = |it: KnownIdentity| ((it.kind.clone(), it.value.clone()), it);
        Self {
            tenant,
            identities: identities.into_iter().map(key).collect(),
            external: external.into_iter().collect(),
        }
    }

    fn find(&self, kind: &str, value: &str) -> Option<&KnownIdentity> {
        self.identities.get(&(kind.to_owned(), value.to_owned()))
    }

    /// Finds the contacts of rows. Of rows with one identity, or of one contact, the last counts.
    pub fn matched<'a>(&self, rows: &[&'a ImportedRow]) -> Vec<MatchedRow<'a>> {
        let (mut names, mut contacts) = (HashSet::new(), HashSet::new());
        let mut matched: Vec<MatchedRow<'a>> = Vec::with_capacity(rows.len());
        for row in rows.iter().rev() {
            let mut found = self.one(row);
            let of_row = names_of(row);
            let is_repeated = of_row.iter().any(|name| names.contains(name))
                || matches!(found.contact, RowContact::Known(id) if contacts.contains(&id));
            if is_repeated {
                found.contact = RowContact::Repeated;
            } else if !matches!(found.contact, RowContact::Several(_)) {
                names.extend(of_row);
            }
            if let RowContact::Known(id) = found.contact {
                contacts.insert(id);
            }
            matched.push(found);
        }
        matched.reverse();
        matched
    }

    fn one<'a>(&self, row: &'a ImportedRow) -> MatchedRow<'a> {
        let mut contacts = BTreeSet::new();
        let (mut missing, mut given_up) = (Vec::new(), Vec::new());
        let mut add = |kind, value: &String| match self.find(kind, value) {
            Some(known) if known.retired_at.is_none() => drop(contacts.insert(known.contact_id)),
            known => {
                let in_use = |it: &&KnownIdentity| it.retired_at.is_none();
                let other = (kind == "phone").then(|| other_phone(value)).flatten();
                let other = other.and_then(|other| self.find(kind, &other)).filter(in_use);
                match (other, known) {
                    (Some(other), _) => drop(contacts.insert(other.contact_id)),
                    (None, Some(_)) => given_up.push(identity(self.tenant, kind, value)),
                    (None, None) => missing.push(identity(self.tenant, kind, value)),
                }
            }
        };
        if let Some(phone) = &row.phone {
            add("phone", phone);
        }
        if let Some(user_id) = &row.user_id {
            add("user_id", user_id);
        }
        contacts.extend(row.external_id.iter().filter_map(|it| self.external.get(it)));
        let mut contacts: Vec<ContactId> = contacts.into_iter().collect();
        let contact = match contacts.len() {
            0 => RowContact::New,
            1 => RowContact::Known(contacts.remove(0)),
            _ => RowContact::Several(contacts),
        };
        MatchedRow {
            row,
            contact,
            missing,
            given_up,
        }
    }
}

/// Returns what a row may have in common with another one of the same contact.
fn names_of(row: &ImportedRow) -> Vec<(u8, String)> {
    let phone = row.phone.clone().map(|phone| match other_phone(&phone) {
        Some(other) => phone.min(other),
        None => phone,
    });
    let named = [(0, phone), (1, row.user_id.clone()), (2, row.external_id.clone())];
    named
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value?)))
        .collect()
}
