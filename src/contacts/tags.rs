//! Tags and lists of contacts.

use std::collections::BTreeMap;

use super::{
    ContactError, ContactResult, ContactService, segments,
    store::tags::{self as store, Tag},
    text::checked_name,
};
use crate::{
    clock::Clock,
    db::{Tx, conflict_error},
    domain::{Ctx, Id, TagId, TagKind},
};

/// Tags of a kind that a tenant has.
const MAX_TAGS: usize = 1_000;

/// Changes of a tag; `None` leaves a member as it is, and an inner `None` clears it.
#[derive(Default)]
pub(crate) struct TagUpdate {
    pub name: Option<String>,
    pub colour: Option<Option<String>>,
}

/// Lists the tags of a kind.
pub(crate) async fn list(service: &ContactService, ctx: &Ctx, kind: TagKind) -> ContactResult<Vec<Tag>> {
    let mut tx = service.db.begin_as(ctx.tenant).await?;
    let found = store::list(tx.on(), ctx.tenant, kind).await?;
    tx.commit().await?;
    Ok(found)
}

/// Creates a tag.
pub(crate) async fn create(
    service: &ContactService,
    ctx: &Ctx,
    kind: TagKind,
    name: &str,
    colour: Option<&str>,
) -> ContactResult<Tag> {
    let mut tag = draft(&service.clock, ctx, kind, name)?;
    tag.colour = colour.map(checked_colour).transpose()?;
    let work = async |tx: &mut Tx| {
        if store::list(tx.on(), ctx.tenant, kind).await?.len() >= MAX_TAGS {
            return Err(ContactError::TooMany("tags", MAX_TAGS));
        }
        match store::insert(tx.on(), ctx.tenant, std::slice::from_ref(&tag)).await? {
            0 => Err(ContactError::Exists(format!("{:?}", tag.name))),
            _ => Ok(()),
        }
    };
    service.db.transaction_as(ctx.tenant, work).await?;
    Ok(tag)
}

/// Renames or colours a tag. Contacts keep it, and the filters of segments follow its name.
pub(crate) async fn update(
    service: &ContactService,
    ctx: &Ctx,
    kind: TagKind,
    id: TagId,
    change: TagUpdate,
) -> ContactResult<Tag> {
    let work = async |tx: &mut Tx| {
        let all = store::list(tx.on(), ctx.tenant, kind).await?;
        let found = all.iter().find(|it| it.id == id).cloned();
        let mut tag = found.ok_or_else(|| ContactError::NotFound(id.to_string()))?;
        if let Some(name) = &change.name {
            (tag.name, tag.folded) = checked_name(name)?;
            segments::rename(tx, ctx.tenant, id.uuid(), &tag.name, service.clock.now()).await?;
        }
        if let Some(colour) = &change.colour {
            tag.colour = colour.as_deref().map(checked_colour).transpose()?;
        }
        if all.iter().any(|it| it.id != id && it.folded == tag.folded) {
            return Err(ContactError::Exists(format!("{:?}", tag.name)));
        }
        store::update(tx.on(), ctx.tenant, &tag).await?;
        Ok(tag)
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Deletes a tag that no segment names, also from its contacts.
pub(crate) async fn delete(service: &ContactService, ctx: &Ctx, kind: TagKind, id: TagId) -> ContactResult<()> {
    let work = async |tx: &mut Tx| {
        let all = store::list(tx.on(), ctx.tenant, kind).await?;
        if !all.iter().any(|it| it.id == id) {
            return Err(ContactError::NotFound(id.to_string()));
        }
        let before = segments::lock_catalogue(tx, ctx.tenant).await?;
        store::delete(tx, ctx.tenant, id).await?;
        segments::require_readable(tx, ctx.tenant, &before).await
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Returns the tags of these names, and creates those that are missing.
pub(crate) async fn named(
    tx: &mut Tx,
    clock: &Clock,
    ctx: &Ctx,
    kind: TagKind,
    names: impl Iterator<Item = &str>,
) -> ContactResult<BTreeMap<String, Tag>> {
    let mut wanted: BTreeMap<String, Tag> = BTreeMap::new();
    for name in names {
        let tag = draft(clock, ctx, kind, name)?;
        wanted.entry(tag.folded.clone()).or_insert(tag);
    }
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let known = store::list(tx.on(), ctx.tenant, kind).await?;
    let count = known.len();
    let mut found: BTreeMap<String, Tag> = known.into_iter().map(|it| (it.folded.clone(), it)).collect();
    let missing: Vec<Tag> = wanted
        .iter()
        .filter(|(folded, _)| !found.contains_key(*folded))
        .map(|(_, tag)| tag.clone())
        .collect();
    if count + missing.len() > MAX_TAGS {
        return Err(ContactError::TooMany("tags", MAX_TAGS));
    }
    if store::insert(tx.on(), ctx.tenant, &missing).await? != missing.len() as u64 {
        return Err(conflict_error().into());
    }
    found.extend(missing.into_iter().map(|it| (it.folded.clone(), it)));
    found.retain(|folded, _| wanted.contains_key(folded));
    Ok(found)
}

fn draft(clock: &Clock, ctx: &Ctx, kind: TagKind, name: &str) -> ContactResult<Tag> {
    let (name, folded) = checked_name(name)?;
    Ok(Tag {
        id: clock.new_id(),
        kind,
        name,
        folded,
        colour: None,
        created_at: clock.now(),
        created_by: ctx.actor.to_string(),
    })
}

fn checked_colour(colour: &str) -> ContactResult<String> {
    let digits = colour.strip_prefix('#').unwrap_or(colour).to_lowercase();
    match digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(digits),
        false => Err(ContactError::invalid(
            "colour",
            "write six hexadecimal digits, such as 3b82f6",
        )),
    }
}
