//! Identity resolution of contacts. A person has a phone number, a business-scoped user id, or both, and gains new ones. Identities that
//! are ever named together belong to one contact, in whatever order they become known.

mod attributes;
mod events;
mod merging;
mod resolve;
mod union_find;

use chrono::{DateTime, Utc};

pub(crate) use events::{CreatedContact, IdentityChange, PreferenceChange, RenamedContact, events_for, restored_event};
pub(crate) use merging::{after_merges, merge_first};
pub use resolve::{Resolved, resolve};

use crate::{
    domain::{ContactId, TenantId},
    meta::webhook::{System, WhatsAppUser},
    records::contacts::Identity,
};

/// A person or group that an item refers to.
#[derive(Clone, Debug)]
pub struct Party {
    pub tenant: TenantId,
    /// `person` or `group`.
    pub kind: &'static str,
    /// All identities, strongest first; never empty.
    pub identities: Vec<Identity>,
    /// The contact, if already known. The caller holds the tenant's lock, so that it is not merged away meanwhile.
    pub contact: Option<ContactId>,
    /// Identities given up as of this item.
    pub retired: Vec<Identity>,
    pub username: Option<String>,
    pub name: Option<String>,
    /// Opt-out from marketing (true) or its end (false).
    pub marketing_stopped: Option<bool>,
    /// Whether the item opts out or in by a keyword.
    pub uses_keyword: bool,
    /// Meta's time of the item.
    pub at: DateTime<Utc>,
}

impl Party {
    /// Returns the party of a user; `None` if nothing identifies the user.
    pub fn person(tenant: TenantId, person: &WhatsAppUser, at: DateTime<Utc>) -> Option<Party> {
        let named = [
            ("user_id", &person.user_id),
            ("phone", &person.phone),
            ("parent_user_id", &person.parent_user_id),
            ("phone", &person.other_phone),
        ];
        let mut identities: Vec<Identity> = named
            .into_iter()
            .filter_map(|(kind, value)| Some(identity(tenant, kind, value.as_ref()?)))
            .collect();
        // Usernames change hands, so they identify only where nothing else does.
        if identities.is_empty() {
            identities.extend(person.username.as_ref().map(|name| identity(tenant, "username", name)));
        }
        (!identities.is_empty()).then(|| Party {
            tenant,
            kind: "person",
            identities,
            contact: None,
            retired: Vec::new(),
            username: person.username.clone(),
            name: person.name.clone(),
            marketing_stopped: None,
            uses_keyword: false,
            at,
        })
    }

    /// Returns the party of an address given by a caller.
    pub(crate) fn addressed(tenant: TenantId, kind: &'static str, value: &str, at: DateTime<Utc>) -> Party {
        let known_by = if kind == "group" { "group" } else { "person" };
        Party {
            kind: known_by,
            identities: vec![identity(tenant, kind, value)],
            ..Self::group(tenant, value, at)
        }
    }

    pub fn group(tenant: TenantId, group_id: &str, at: DateTime<Utc>) -> Party {
        Party {
            tenant,
            kind: "group",
            identities: vec![identity(tenant, "group", group_id)],
            contact: None,
            retired: Vec::new(),
            username: None,
            name: None,
            marketing_stopped: None,
            uses_keyword: false,
            at,
        }
    }

    /// Returns the party of a contact with identities that Meta named it by; `None` without any. Carries no names.
    pub fn named(tenant: TenantId, contact: ContactId, identities: Vec<Identity>, at: DateTime<Utc>) -> Option<Party> {
        (!identities.is_empty()).then(|| Party {
            tenant,
            kind: "person",
            identities,
            contact: Some(contact),
            retired: Vec::new(),
            username: None,
            name: None,
            marketing_stopped: None,
            uses_keyword: false,
            at,
        })
    }

    /// Returns whether the item says what the contact allows, so that their consents are written.
    pub(crate) fn changes_consent(&self) -> bool {
        self.marketing_stopped.is_some() || self.uses_keyword
    }

    /// Adds a system message's change: new phone number and ids are added, the former ones given up.
    pub fn changed(mut self, system: &System) -> Party {
        let new = [
            ("phone", &system.new_phone),
            ("user_id", &system.user_id),
            ("parent_user_id", &system.parent_user_id),
        ];
        let old = [
            ("user_id", &system.previous_user_id),
            ("parent_user_id", &system.previous_parent_user_id),
        ];
        let before = self.identities.clone();
        for (kind, value) in new.into_iter().chain(old) {
            let Some(value) = value else { continue };
            let added = identity(self.tenant, kind, value);
            if !self.identities.contains(&added) {
                self.identities.push(added);
            }
        }
        for (kind, value) in old {
            self.retired
                .extend(value.as_ref().map(|value| identity(self.tenant, kind, value)));
        }
        if let Some(phone) = &system.new_phone {
            self.retired
                .extend(before.into_iter().filter(|it| it.kind == "phone" && it.value != *phone));
        }
        self
    }
}

fn identity(tenant: TenantId, kind: &'static str, value: &str) -> Identity {
    Identity {
        tenant,
        kind,
        value: value.to_owned(),
    }
}
