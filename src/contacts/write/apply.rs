//! The transaction of a batch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    ContactInput, ContactWritten, WriteMode,
    events::{WrittenContact, events_of},
    labels::set_tags,
    owners::{IdentityClaim, Owners},
    profile,
};
use crate::{
    contacts::{
        ContactError, ContactResult, ContactService,
        consent::{self, NewConsent},
        store::fields,
        tag_room::{MAX_TAGS_OF_CONTACT, TagRoom},
        tags,
    },
    db::{Tx, conflict_error},
    domain::{ContactId, Ctx, TagKind},
    records::{
        contacts::{self, Contact, Identity, NewContact, ProfileChange},
        events,
        lock_order::Stage,
    },
};

/// A contact of the batch with what becomes of it.
struct Slot {
    before: Option<Contact>,
    after: Contact,
    assign: Vec<Identity>,
    reassign: Vec<Identity>,
    changed: Vec<String>,
}

pub(super) async fn apply(
    tx: &mut Tx,
    service: &ContactService,
    ctx: &Ctx,
    mode: WriteMode,
    inputs: &[ContactInput],
) -> ContactResult<Vec<ContactResult<ContactWritten>>> {
    let (clock, tenant, now) = (&service.clock, ctx.tenant, service.clock.now());
    contacts::lock_tenant(tx, tenant, false).await?;
    Stage::Configuration.reach(tx);
    let names =
        |of: fn(&ContactInput) -> &Vec<String>| inputs.iter().flat_map(of).map(String::as_str).collect::<Vec<_>>();
    let tag_names = names(|it| &it.tags.add);
    let new_tags = tags::named(tx, clock, ctx, TagKind::Contact, tag_names.into_iter()).await?;
    let new_lists = tags::named(tx, clock, ctx, TagKind::List, names(|it| &it.lists.add).into_iter()).await?;
    let known_fields = match inputs.iter().any(|it| !it.change.fields.is_empty()) {
        true => fields::list(tx.on(), tenant).await?,
        false => Vec::new(),
    };

    let owners = Owners::find(tx, tenant, inputs).await?;
    let found: Vec<ContactResult<Option<ContactId>>> = inputs.iter().map(|it| owners.of(it)).collect();
    let ids: BTreeSet<ContactId> = found
        .iter()
        .filter_map(|it| it.as_ref().ok().copied().flatten())
        .collect();
    contacts::lock(tx, ids.iter().map(|id| (tenant, *id))).await?;
    let ids: Vec<ContactId> = ids.into_iter().collect();
    let rows = contacts::find_all(tx.on(), tenant, &ids).await?;
    let rows: HashMap<ContactId, Contact> = rows.into_iter().map(|it| (it.id, it)).collect();

    let added = inputs.iter().zip(&found).filter_map(|(input, found)| {
        let contact = found.as_ref().ok().copied().flatten()?;
        Some((contact, input.tags.add.len() + input.lists.add.len()))
    });
    let mut room = TagRoom::read(tx, tenant, added).await?;

    let mut slots: BTreeMap<ContactId, Slot> = BTreeMap::new();
    let mut in_batch: HashMap<(&'static str, String), ContactId> = HashMap::new();
    let mut results: Vec<ContactResult<ContactWritten>> = Vec::with_capacity(inputs.len());
    let mut accepted: Vec<(ContactId, &ContactInput)> = Vec::new();
    let mut created: HashSet<ContactId> = HashSet::new();
    for (input, found) in inputs.iter().zip(found) {
        let write = || -> ContactResult<ContactId> {
            let in_batch_id = keys(input).find_map(|key| in_batch.get(&key).copied());
            let id = found?.or(in_batch_id);
            if mode == WriteMode::Create
                && let Some(owner) = id
            {
                let name = input.identities.first().map_or("external_id", |it| it.0);
                return Err(ContactError::Taken { name, owner });
            }
            if let Some(id) = id
                && !slots.contains_key(&id)
                && !rows.contains_key(&id)
            {
                return Err(ContactError::NotFound(format!("contact {id}")));
            }
            let id = match id {
                Some(id) => id,
                None if mode == WriteMode::Update => return Err(ContactError::NotFound("contact".to_owned())),
                None if input.identities.is_empty() && input.change.external_id.is_none() => {
                    return Err(ContactError::invalid(
                        "phone",
                        "give a phone, a user_id or an external_id",
                    ));
                }
                None => clock.new_id(),
            };
            let before = slots.get(&id).map(|it| &it.after).or(rows.get(&id));
            if let (Some(wanted), Some(row)) = (input.version, before)
                && wanted != row.version
            {
                return Err(ContactError::Changed(row.version));
            }
            let mut after = before.cloned().unwrap_or_else(|| new_contact(id, now));
            let mut changed = profile::apply(&mut after.profile, &input.change, &known_fields)?;
            if let Some(archived) = input.archived
                && archived != after.archived_at.is_some()
            {
                after.archived_at = archived.then_some(now);
                changed.push("archived".to_owned());
            }
            for (kind, change, name) in [
                (TagKind::Contact, &input.tags, "tags of one contact"),
                (TagKind::List, &input.lists, "lists of one contact"),
            ] {
                if !room.admit(id, kind, &change.add, &change.remove) {
                    return Err(ContactError::TooMany(name, MAX_TAGS_OF_CONTACT));
                }
            }
            let slot = slots.entry(id).or_insert_with(|| Slot {
                before: rows.get(&id).cloned(),
                after: new_contact(id, now),
                assign: Vec::new(),
                reassign: Vec::new(),
                changed: Vec::new(),
            });
            slot.after = after;
            slot.changed.extend(changed);
            for (kind, value) in &input.identities {
                let identity = Identity {
                    tenant,
                    kind,
                    value: value.clone(),
                };
                let is_first = in_batch.insert((*kind, value.clone()), id).is_none();
                match owners.claim(kind, value) {
                    IdentityClaim::Has => {}
                    _ if !is_first => {}
                    IdentityClaim::Assign => slot.assign.push(identity),
                    IdentityClaim::Reassign => slot.reassign.push(identity),
                }
            }
            in_batch.extend(keys(input).map(|key| (key, id)));
            Ok(id)
        };
        let written = write();
        accepted.extend(written.as_ref().ok().map(|id| (*id, input)));
        results.push(written.map(|contact| ContactWritten {
            contact,
            created: !rows.contains_key(&contact) && created.insert(contact),
            changed: false,
        }));
    }
    store(tx, service, ctx, &mut slots).await?;
    let tagged = set_tags(tx, service, ctx, &accepted, (&new_tags, &new_lists)).await?;
    let is_counted = |id: &ContactId| !rows.contains_key(id) || slots.get(id).is_some_and(|it| !it.changed.is_empty());
    let retagged: BTreeSet<ContactId> = tagged
        .iter()
        .map(|it| it.contact)
        .filter(|id| !is_counted(id))
        .collect();
    contacts::count_version(tx.on(), tenant, retagged.into_iter(), now).await?;
    let consents = consent::record(tx, clock, consents(ctx, &accepted, now)).await?;
    for it in results.iter_mut().flatten() {
        let slot = slots.get(&it.contact);
        it.changed = it.created
            || slot
                .is_some_and(|slot| !slot.changed.is_empty() || !slot.assign.is_empty() || !slot.reassign.is_empty())
            || tagged.iter().any(|tag| tag.contact == it.contact)
            || consents
                .iter()
                .any(|change| change.key.contact == it.contact && change.is_change());
    }
    let written = slots.into_values().map(|slot| WrittenContact {
        is_new: slot.before.is_none(),
        contact: slot.after,
        identities: slot.assign.into_iter().chain(slot.reassign).collect(),
        changed: slot.changed,
    });
    let new_events = events_of(clock, ctx, written.collect(), tagged, &consents);
    events::append(tx, &new_events, now).await?;
    Ok(results)
}

/// Returns what tells that two inputs are about one contact.
fn keys(input: &ContactInput) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let external = input
        .change
        .external_id
        .iter()
        .flatten()
        .map(|it| ("external_id", it.clone()));
    input.identities.iter().cloned().chain(external)
}

fn new_contact(id: ContactId, now: chrono::DateTime<chrono::Utc>) -> Contact {
    Contact {
        id,
        kind: "person".to_owned(),
        name: None,
        marketing_stopped: false,
        profile: contacts::Profile::default(),
        source: Some("api".to_owned()),
        archived_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Writes new contacts, identities and changed profiles.
async fn store(
    tx: &mut Tx,
    service: &ContactService,
    ctx: &Ctx,
    slots: &mut BTreeMap<ContactId, Slot>,
) -> ContactResult<()> {
    let (tenant, now) = (ctx.tenant, service.clock.now());
    let new: Vec<ContactId> = slots
        .iter()
        .filter(|(_, it)| it.before.is_none())
        .map(|(id, _)| *id)
        .collect();
    let row = |id: &ContactId| NewContact {
        tenant,
        id: *id,
        kind: "person",
    };
    contacts::insert(tx.on(), &new.iter().map(row).collect::<Vec<_>>(), now).await?;
    contacts::set_origin(tx.on(), tenant, &new, "api", &ctx.actor.to_string()).await?;
    let pairs = |of: fn(&Slot) -> &Vec<Identity>| -> Vec<(Identity, ContactId)> {
        let each = slots
            .iter()
            .flat_map(|(id, slot)| of(slot).iter().map(|it| (it.clone(), *id)));
        each.collect()
    };
    let (assigned, taken) = (pairs(|it| &it.assign), pairs(|it| &it.reassign));
    if contacts::assign(tx.on(), &assigned, now).await? != assigned.len() as u64 {
        return Err(conflict_error().into());
    }
    contacts::reassign(tx.on(), &taken).await?;
    let changed = slots
        .iter()
        .filter(|(_, it)| it.changed.iter().any(|name| name != "archived"));
    let changes: Vec<ProfileChange> = changed
        .map(|(id, slot)| ProfileChange {
            tenant,
            contact: *id,
            profile: slot.after.profile.clone(),
        })
        .collect();
    contacts::set_profiles(tx.on(), &changes, now).await?;
    for archived in [true, false] {
        let of = slots
            .iter()
            .filter(|(_, it)| it.changed.iter().any(|name| name == "archived"));
        let of = of.filter(|(_, it)| it.after.archived_at.is_some() == archived);
        let of: Vec<_> = of.map(|(id, _)| (tenant, *id)).collect();
        contacts::set_archived(tx.on(), &of, archived.then_some(now), now).await?;
    }
    Ok(())
}

fn consents(ctx: &Ctx, accepted: &[(ContactId, &ContactInput)], now: chrono::DateTime<chrono::Utc>) -> Vec<NewConsent> {
    let statements = accepted
        .iter()
        .flat_map(|(contact, input)| input.consents.iter().map(move |it| (*contact, it)));
    let statement = |(contact, it): (ContactId, &super::ConsentInput)| NewConsent {
        tenant: ctx.tenant,
        contact,
        purpose: it.purpose,
        channel: it.channel,
        status: it.status,
        source: it.source,
        lifts: it.lifts,
        occurred_at: it.occurred_at.unwrap_or(now),
        evidence: it.evidence.clone(),
        message: None,
        import: None,
        by: ctx.actor,
    };
    statements.map(statement).collect()
}
