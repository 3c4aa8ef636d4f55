//! The events of contacts that an import makes or changes, where its caller asked for them.

use std::collections::HashMap;

use super::{apply::AppliedChunk, run::RunningImport};
use crate::{
    contacts::store::imports::ImportedContact,
    domain::ContactId,
    events::contact::{CREATED, ContactIdentity, Created, UPDATED, Updated},
    records::events::NewEvent,
};

/// Builds the events of a chunk, in the order of its rows.
pub(super) fn contact_events(import: &RunningImport<'_>, applied: &AppliedChunk) -> Vec<NewEvent> {
    let created: HashMap<ContactId, &ImportedContact> = applied.created.iter().map(|it| (it.id, it)).collect();
    let contacts = applied.outcomes.iter().filter_map(|(_, contact)| *contact);
    let event = |id: ContactId| match (created.get(&id), applied.changed.get(&id)) {
        (Some(new), _) => Some(created_event(import, new)),
        (None, Some(members)) => Some(updated_event(import, id, members)),
        (None, None) => None,
    };
    contacts.filter_map(event).collect()
}

fn updated_event(import: &RunningImport<'_>, contact_id: ContactId, members: &[String]) -> NewEvent {
    let data = Updated {
        contact_id,
        name: None,
        username: None,
        changed: members.iter().map(String::as_str).collect(),
    };
    let now = import.service.clock.now();
    NewEvent::new(&import.service.clock, import.tenant, &UPDATED, now, &data).by(import.by)
}

fn created_event(import: &RunningImport<'_>, new: &ImportedContact) -> NewEvent {
    let identities = new.identities.iter();
    let identities = identities.map(|it| ContactIdentity {
        kind: it.kind,
        value: &it.value,
    });
    let data = Created {
        contact_id: new.id,
        kind: "person",
        name: new.profile.given_name.as_deref(),
        username: None,
        identities: identities.collect(),
    };
    let now = import.service.clock.now();
    NewEvent::new(&import.service.clock, import.tenant, &CREATED, now, &data).by(import.by)
}
