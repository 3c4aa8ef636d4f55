//! What is told of people.

use chrono::{DateTime, Utc};

use super::Resolved;
use crate::{
    clock::Clock,
    domain::{ContactId, TenantId},
    events::contact,
    records::{contacts::Identity, events::NewEvent},
};

/// Somebody new.
pub struct Created {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub kind: &'static str,
    pub name: Option<String>,
    pub username: Option<String>,
    pub identities: Vec<Identity>,
}

/// A contact that gained or gave up identities.
pub struct Identified {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub added: Vec<Identity>,
    pub retired: Vec<Identity>,
}

/// A contact with another name or user name: what is new of them.
pub struct Renamed {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub name: Option<String>,
    pub username: Option<String>,
}

/// That marketing is refused (true) or taken again, as of a time of Meta's, where nothing later was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferred {
    pub contact: ContactId,
    pub marketing_stopped: bool,
    pub at: DateTime<Utc>,
}

/// The events that tell of contacts that were made, named and identified. What they prefer is told by whoever heard it.
pub fn told(clock: &Clock, resolved: &Resolved) -> Vec<NewEvent> {
    let now = clock.now();
    let created = |it: &Created| {
        let data = contact::Created {
            contact_id: it.contact,
            kind: it.kind,
            name: it.name.as_deref(),
            username: it.username.as_deref(),
            identities: shown(&it.identities),
        };
        NewEvent::new(clock, it.tenant, &contact::CREATED, now, &data)
    };
    let identified = |it: &Identified| {
        let data = contact::IdentityChanged {
            contact_id: it.contact,
            added: shown(&it.added),
            retired: shown(&it.retired),
        };
        NewEvent::new(clock, it.tenant, &contact::IDENTITY_CHANGED, now, &data)
    };
    let renamed = |it: &Renamed| {
        let data = contact::Updated {
            contact_id: it.contact,
            name: it.name.as_deref(),
            username: it.username.as_deref(),
        };
        NewEvent::new(clock, it.tenant, &contact::UPDATED, now, &data)
    };
    let mut told: Vec<NewEvent> = resolved.created.iter().map(created).collect();
    told.extend(resolved.identified.iter().map(identified));
    told.extend(resolved.renamed.iter().map(renamed));
    told
}

fn shown(identities: &[Identity]) -> Vec<contact::Identity<'_>> {
    identities
        .iter()
        .map(|it| contact::Identity {
            kind: it.kind,
            value: &it.value,
        })
        .collect()
}
