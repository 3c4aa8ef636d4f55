//! The events of contacts that an import makes or changes, where its caller asked for them.

use std::collections::HashMap;

use super::{apply::AppliedChunk, counts::RowOutcome, read_row::JudgedRow, run::RunningImport};
use crate::{
    contacts::store::imports::ImportedContact,
    domain::ContactId,
    events::contact::{CREATED, ContactIdentity, Created, UPDATED, Updated},
    records::events::NewEvent,
};

/// Builds the events of a chunk, in the order of its rows.
pub(super) fn contact_events(import: &RunningImport<'_>, rows: &[JudgedRow], applied: &AppliedChunk) -> Vec<NewEvent> {
    let created: HashMap<ContactId, &ImportedContact> = applied.created.iter().map(|it| (it.id, it)).collect();
    let mut events = Vec::new();
    for (judged, (outcome, contact)) in rows.iter().zip(&applied.outcomes) {
        let (Some(row), Some(contact)) = (&judged.row, contact) else {
            continue;
        };
        match (outcome, created.get(contact)) {
            (RowOutcome::Created, Some(new)) => events.push(created_event(import, new)),
            (RowOutcome::Updated, _) => {
                let data = Updated {
                    contact_id: *contact,
                    name: row.name.as_deref(),
                    username: None,
                };
                let now = import.service.clock.now();
                let event = NewEvent::new(&import.service.clock, import.tenant, &UPDATED, now, &data);
                events.push(event.by(import.by));
            }
            _ => {}
        }
    }
    events
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
