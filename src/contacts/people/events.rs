//! Builds the domain events about contacts.

use chrono::{DateTime, Utc};

use super::Resolved;
use crate::{
    clock::Clock,
    domain::{ContactId, TenantId},
    events::contact,
    records::{contacts::Identity, events::NewEvent},
};

/// A new contact.
pub(crate) struct CreatedContact {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub kind: &'static str,
    pub name: Option<String>,
    pub username: Option<String>,
    pub identities: Vec<Identity>,
}

/// Identities that a contact gained or gave up.
pub(crate) struct IdentityChange {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub added: Vec<Identity>,
    pub retired: Vec<Identity>,
}

/// A changed name or username of a contact; unchanged ones are `None`.
pub(crate) struct RenamedContact {
    pub tenant: TenantId,
    pub contact: ContactId,
    pub name: Option<String>,
    pub username: Option<String>,
}

/// Opt-out from marketing (true) or its end, at Meta's time, unless something later was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreferenceChange {
    pub contact: ContactId,
    pub marketing_stopped: bool,
    pub at: DateTime<Utc>,
}

/// Builds the events of created, identified and renamed contacts. Events about preferences are built by the caller.
pub(crate) fn events_for(clock: &Clock, resolved: &Resolved) -> Vec<NewEvent> {
    let now = clock.now();
    let created = |it: &CreatedContact| {
        let data = contact::Created {
            contact_id: it.contact,
            kind: it.kind,
            name: it.name.as_deref(),
            username: it.username.as_deref(),
            identities: shown(&it.identities),
        };
        NewEvent::new(clock, it.tenant, &contact::CREATED, now, &data)
    };
    let identified = |it: &IdentityChange| {
        let data = contact::IdentityChanged {
            contact_id: it.contact,
            added: shown(&it.added),
            retired: shown(&it.retired),
        };
        NewEvent::new(clock, it.tenant, &contact::IDENTITY_CHANGED, now, &data)
    };
    let renamed = |it: &RenamedContact| {
        let data = contact::Updated {
            contact_id: it.contact,
            name: it.name.as_deref(),
            username: it.username.as_deref(),
            changed: Vec::new(),
        };
        NewEvent::new(clock, it.tenant, &contact::UPDATED, now, &data)
    };
    let mut events: Vec<NewEvent> = resolved.created.iter().map(created).collect();
    events.extend(resolved.identified.iter().map(identified));
    events.extend(resolved.renamed.iter().map(renamed));
    events
}

/// Builds the event of an archived contact that is in use again.
pub(crate) fn restored_event(clock: &Clock, tenant: TenantId, contact_id: ContactId) -> NewEvent {
    let archived = false;
    let data = contact::Archived { contact_id, archived };
    NewEvent::new(clock, tenant, &contact::ARCHIVED, clock.now(), &data)
}

fn shown(identities: &[Identity]) -> Vec<contact::ContactIdentity<'_>> {
    identities
        .iter()
        .map(|it| contact::ContactIdentity {
            kind: it.kind,
            value: &it.value,
        })
        .collect()
}
