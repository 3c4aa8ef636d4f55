//! The events of written contacts.

use super::labels::TagChange;
use crate::{
    clock::Clock,
    contacts::consent::{ConsentChange, events::consent_event},
    domain::{ContactId, Ctx, TagKind},
    events::contact,
    records::{
        contacts::{Contact, Identity},
        events::NewEvent,
    },
};

/// A contact with what was written of it.
pub(super) struct WrittenContact {
    pub is_new: bool,
    pub contact: Contact,
    /// New ones.
    pub identities: Vec<Identity>,
    /// Names of the members that differ now.
    pub changed: Vec<String>,
}

pub(super) fn events_of(
    clock: &Clock,
    ctx: &Ctx,
    written: Vec<WrittenContact>,
    tagged: Vec<TagChange>,
    consents: &[ConsentChange],
) -> Vec<NewEvent> {
    let now = clock.now();
    let mut events = Vec::new();
    for it in written {
        let id = it.contact.id;
        let shown = |it: &Identity| (it.kind, it.value.clone());
        let identities: Vec<(&'static str, String)> = it.identities.iter().map(shown).collect();
        let identities = || {
            let shown = identities.iter();
            shown
                .map(|(kind, value)| contact::ContactIdentity { kind, value })
                .collect::<Vec<_>>()
        };
        let archived = it.changed.iter().any(|name| name == "archived");
        let others: Vec<&str> = it
            .changed
            .iter()
            .map(String::as_str)
            .filter(|name| *name != "archived")
            .collect();
        if it.is_new {
            let data = contact::Created {
                contact_id: id,
                kind: &it.contact.kind,
                name: it.contact.shown_name(),
                username: None,
                identities: identities(),
            };
            events.push(NewEvent::new(clock, ctx.tenant, &contact::CREATED, now, &data));
        } else {
            if !it.identities.is_empty() {
                let data = contact::IdentityChanged {
                    contact_id: id,
                    added: identities(),
                    retired: Vec::new(),
                };
                events.push(NewEvent::new(clock, ctx.tenant, &contact::IDENTITY_CHANGED, now, &data));
            }
            if !others.is_empty() {
                let data = contact::Updated {
                    contact_id: id,
                    name: None,
                    username: None,
                    changed: others,
                };
                events.push(NewEvent::new(clock, ctx.tenant, &contact::UPDATED, now, &data));
            }
        }
        if archived {
            let data = contact::Archived {
                contact_id: id,
                archived: it.contact.archived_at.is_some(),
            };
            events.push(NewEvent::new(clock, ctx.tenant, &contact::ARCHIVED, now, &data));
        }
    }
    let mut contacts: Vec<ContactId> = tagged.iter().map(|it| it.contact).collect();
    contacts.sort();
    contacts.dedup();
    for contact_id in contacts {
        let of = |kind: TagKind, added: bool| -> Vec<&str> {
            let of = tagged
                .iter()
                .filter(|it| it.contact == contact_id && it.tag.kind == kind && it.added == added);
            of.map(|it| it.tag.name.as_str()).collect()
        };
        let data = contact::Tagged {
            contact_id,
            tags_added: of(TagKind::Contact, true),
            tags_removed: of(TagKind::Contact, false),
            lists_added: of(TagKind::List, true),
            lists_removed: of(TagKind::List, false),
        };
        events.push(NewEvent::new(clock, ctx.tenant, &contact::TAGGED, now, &data));
    }
    events.extend(consents.iter().filter_map(|it| consent_event(clock, it, None)));
    events.into_iter().map(|event| event.by(ctx.actor)).collect()
}
