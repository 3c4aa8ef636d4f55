//! Creates, changes and archives segments.

use super::{
    language::{Filter, FilterError, parse},
    names::{self, catalogue},
};
use crate::{
    contacts::{
        ContactError, ContactResult, ContactService,
        store::segments::{self as store, StoredSegment},
        text::checked_name,
    },
    db::Tx,
    domain::{Ctx, Id, SegmentId, TenantId},
};

/// Segments of a tenant.
const MAX_SEGMENTS: usize = 500;

/// A segment to create.
pub(crate) struct SegmentDraft {
    pub name: String,
    pub filter: String,
}

/// Changes of a segment; `None` leaves a member as it is.
#[derive(Default)]
pub(crate) struct SegmentUpdate {
    pub name: Option<String>,
    pub filter: Option<String>,
    /// The version that the caller has seen, if it has to be that one.
    pub version: Option<i64>,
}

/// Finds a segment with its filter.
pub(crate) async fn find(tx: &mut Tx, tenant: TenantId, id: SegmentId) -> ContactResult<(StoredSegment, Filter)> {
    let segments = store::list(tx.on(), tenant).await?;
    let catalogue = catalogue(tx, tenant, &segments).await?;
    let segment = segments
        .into_iter()
        .find(|it| it.id == id)
        .ok_or_else(|| not_found(id))?;
    let filter = parse(&segment.filter, &catalogue, Some(id.uuid())).map_err(in_filter)?;
    Ok((segment, filter))
}

/// Creates a segment.
pub(crate) async fn create(service: &ContactService, ctx: &Ctx, draft: SegmentDraft) -> ContactResult<StoredSegment> {
    let (name, folded) = checked_name(&draft.name)?;
    let now = service.clock.now();
    let segment = StoredSegment {
        id: service.clock.new_id(),
        name,
        folded,
        filter: draft.filter.trim().to_owned(),
        version: 1,
        counted: None,
        counted_at: None,
        created_at: now,
        created_by: ctx.actor.to_string(),
        updated_at: now,
    };
    let work = async |tx: &mut Tx| {
        store::lock(tx, ctx.tenant).await?;
        let segments = store::list(tx.on(), ctx.tenant).await?;
        if segments.len() >= MAX_SEGMENTS {
            return Err(ContactError::TooMany("segments", MAX_SEGMENTS));
        }
        let catalogue = catalogue(tx, ctx.tenant, &segments).await?;
        parse(&segment.filter, &catalogue, Some(segment.id.uuid())).map_err(in_filter)?;
        match store::insert(tx.on(), ctx.tenant, &segment).await? {
            true => Ok(()),
            false => Err(taken(&segment.name)),
        }
    };
    service.db.transaction_as(ctx.tenant, work).await?;
    Ok(segment)
}

/// Changes a segment. Filters that name it follow its new name; they have to stay filters with its new filter.
pub(crate) async fn update(
    service: &ContactService,
    ctx: &Ctx,
    id: SegmentId,
    change: SegmentUpdate,
) -> ContactResult<StoredSegment> {
    let now = service.clock.now();
    let work = async |tx: &mut Tx| {
        store::lock(tx, ctx.tenant).await?;
        let mut segments = store::list(tx.on(), ctx.tenant).await?;
        let Some(at) = segments.iter().position(|it| it.id == id) else {
            return Err(not_found(id));
        };
        let mut segment = segments.remove(at);
        if change.version.is_some_and(|version| version != segment.version) {
            return Err(ContactError::Changed(segment.version));
        }
        if let Some(name) = &change.name {
            let (name, folded) = checked_name(name)?;
            if segments.iter().any(|it| it.folded == folded) {
                return Err(taken(&name));
            }
            names::rename(tx, ctx.tenant, id.uuid(), &name, now).await?;
            (segment.name, segment.folded) = (name, folded);
            store::update(tx.on(), ctx.tenant, &segment).await?;
        }
        if let Some(filter) = &change.filter {
            filter.trim().clone_into(&mut segment.filter);
            (segment.counted, segment.counted_at) = (None, None);
        }
        let before = names::read_catalogue(tx, ctx.tenant).await?;
        parse(&segment.filter, &before, Some(id.uuid())).map_err(in_filter)?;
        segment.version += 1;
        segment.updated_at = now;
        store::update(tx.on(), ctx.tenant, &segment).await?;
        names::require_readable(tx, ctx.tenant, &before).await?;
        Ok(segment)
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Archives a segment that no other one names.
pub(crate) async fn archive(service: &ContactService, ctx: &Ctx, id: SegmentId) -> ContactResult<()> {
    let work = async |tx: &mut Tx| {
        let before = names::lock_catalogue(tx, ctx.tenant).await?;
        if store::find(tx.on(), ctx.tenant, id).await?.is_none() {
            return Err(not_found(id));
        }
        store::archive(tx.on(), ctx.tenant, id, service.clock.now()).await?;
        names::require_readable(tx, ctx.tenant, &before).await
    };
    service.db.transaction_as(ctx.tenant, work).await
}

fn in_filter(error: FilterError) -> ContactError {
    ContactError::Filter("filter", error)
}

fn not_found(id: SegmentId) -> ContactError {
    ContactError::NotFound(format!("segment {id}"))
}

fn taken(name: &str) -> ContactError {
    ContactError::Exists(format!("the segment {name:?}"))
}
