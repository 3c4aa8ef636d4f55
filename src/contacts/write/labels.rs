//! Tags and lists of written contacts.

use std::collections::{BTreeMap, HashMap};

use super::ContactInput;
use crate::{
    contacts::{
        ContactResult, ContactService,
        store::tags as store,
        text::{clean, fold},
    },
    db::Tx,
    domain::{ContactId, Ctx, TagId, TagKind},
};

/// A tag or list that a contact gained or lost.
pub(super) struct TagChange {
    pub contact: ContactId,
    pub tag: store::Tag,
    pub added: bool,
}

pub(super) type TagsByName = BTreeMap<String, store::Tag>;

/// Adds and removes tags and lists. Of several inputs about one contact the last word counts.
pub(super) async fn set_tags(
    tx: &mut Tx,
    service: &ContactService,
    ctx: &Ctx,
    accepted: &[(ContactId, &ContactInput)],
    (new_tags, new_lists): (&TagsByName, &TagsByName),
) -> ContactResult<Vec<TagChange>> {
    let removes = accepted
        .iter()
        .any(|(_, it)| !it.tags.remove.is_empty() || !it.lists.remove.is_empty());
    if new_tags.is_empty() && new_lists.is_empty() && !removes {
        return Ok(Vec::new());
    }
    let mut all: HashMap<TagId, store::Tag> = HashMap::new();
    let (mut tags_by_name, mut lists_by_name) = (new_tags.clone(), new_lists.clone());
    if removes {
        let by_name = |it: store::Tag| (it.folded.clone(), it);
        tags_by_name.extend(
            store::list(tx.on(), ctx.tenant, TagKind::Contact)
                .await?
                .into_iter()
                .map(by_name),
        );
        lists_by_name.extend(
            store::list(tx.on(), ctx.tenant, TagKind::List)
                .await?
                .into_iter()
                .map(by_name),
        );
    }
    let mut wanted: BTreeMap<(ContactId, TagId), bool> = BTreeMap::new();
    for (contact, input) in accepted {
        for (change, by_name) in [(&input.tags, &tags_by_name), (&input.lists, &lists_by_name)] {
            for (names, added) in [(&change.remove, false), (&change.add, true)] {
                let tags = names.iter().filter_map(|name| by_name.get(&fold(&clean(name))));
                for tag in tags {
                    all.insert(tag.id, tag.clone());
                    wanted.insert((*contact, tag.id), added);
                }
            }
        }
    }
    let pairs = |added: bool| {
        wanted
            .iter()
            .filter(|(_, it)| **it == added)
            .map(|(pair, _)| *pair)
            .collect()
    };
    let now = service.clock.now();
    let added = store::add(tx.on(), ctx.tenant, &pairs(true), &ctx.actor.to_string(), now).await?;
    let removed = store::remove(tx.on(), ctx.tenant, &pairs(false)).await?;
    let change = |(contact, tag): (ContactId, TagId), added| TagChange {
        contact,
        tag: all[&tag].clone(),
        added,
    };
    let added = added.into_iter().map(|pair| change(pair, true));
    Ok(added
        .chain(removed.into_iter().map(|pair| change(pair, false)))
        .collect())
}
