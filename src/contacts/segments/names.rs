//! What the filters of a tenant name, and what becomes of them when it is renamed or removed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::language::{CatalogueField, CatalogueSegment, Filter, FilterCatalogue, LabelKind, Named, limits, parse};
use crate::{
    contacts::{
        ContactError, ContactResult,
        store::{
            fields,
            segments::{self as store, StoredSegment},
            tags,
        },
    },
    db::{Result, Tx},
    domain::{Id, SegmentId, TagKind, TenantId},
    records::channels,
};

/// Reads what the filters of a tenant may name.
pub(crate) async fn read_catalogue(tx: &mut Tx, tenant: TenantId) -> Result<FilterCatalogue> {
    let segments = store::list(tx.on(), tenant).await?;
    catalogue(tx, tenant, &segments).await
}

pub(super) async fn catalogue(tx: &mut Tx, tenant: TenantId, segments: &[StoredSegment]) -> Result<FilterCatalogue> {
    let mut catalogue = FilterCatalogue::default();
    for field in fields::list(tx.on(), tenant).await? {
        let choices = field.choices();
        if field.archived_at.is_none() {
            let kind = field.kind;
            catalogue.add_field(field.key, CatalogueField { kind, choices });
        }
    }
    for (kind, of) in [(LabelKind::Tag, TagKind::Contact), (LabelKind::List, TagKind::List)] {
        for tag in tags::list(tx.on(), tenant, of).await? {
            let (id, name) = (tag.id.uuid(), tag.name);
            catalogue.add_label(kind, Named { id, name });
        }
    }
    for segment in segments {
        catalogue.add_segment(CatalogueSegment {
            id: segment.id.uuid(),
            name: segment.name.clone(),
            filter: segment.filter.clone(),
        });
    }
    for channel in channels::of_tenant(tx.on(), tenant).await? {
        if channel.archived_at.is_none() {
            let number = channel.display_phone_number.as_deref();
            catalogue.add_channel(channel.id.uuid(), &channel.id.to_string(), number);
        }
    }
    Ok(catalogue)
}

/// Locks the segments, and returns what their filters may name before something of it is changed.
pub(crate) async fn lock_catalogue(tx: &mut Tx, tenant: TenantId) -> Result<FilterCatalogue> {
    store::lock(tx, tenant).await?;
    read_catalogue(tx, tenant).await
}

/// Refuses a change of what filters may name by which the filter of a segment would be none any more.
pub(crate) async fn require_readable(tx: &mut Tx, tenant: TenantId, before: &FilterCatalogue) -> ContactResult<()> {
    let segments = store::list(tx.on(), tenant).await?;
    let after = catalogue(tx, tenant, &segments).await?;
    let is_broken = |segment: &&StoredSegment| {
        let read = |catalogue| parse(&segment.filter, catalogue, Some(segment.id.uuid()));
        read(before).is_ok() && read(&after).is_err()
    };
    let broken: Vec<(SegmentId, String)> = segments
        .iter()
        .filter(is_broken)
        .map(|it| (it.id, it.name.clone()))
        .collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(ContactError::UsedBySegments(broken))
    }
}

/// Gives a tag, list or segment its new name in the filters that name it. To be called before the name is written.
pub(crate) async fn rename(
    tx: &mut Tx,
    tenant: TenantId,
    id: Uuid,
    name: &str,
    now: DateTime<Utc>,
) -> ContactResult<()> {
    store::lock(tx, tenant).await?;
    let segments = store::list(tx.on(), tenant).await?;
    let catalogue = catalogue(tx, tenant, &segments).await?;
    for mut segment in segments {
        let Ok(mut filter) = parse(&segment.filter, &catalogue, None) else {
            continue;
        };
        if filter.rename(id, name) {
            segment.filter = renamed_text(&segment, &filter)?;
            segment.version += 1;
            segment.updated_at = now;
            store::update(tx.on(), tenant, &segment).await?;
        }
    }
    Ok(())
}

/// Returns the text of a filter with a new name in it, which may be longer than a filter can be.
fn renamed_text(segment: &StoredSegment, filter: &Filter) -> ContactResult<String> {
    let text = filter.to_string();
    if text.len() > limits::TEXT {
        return Err(ContactError::UsedBySegments(vec![(segment.id, segment.name.clone())]));
    }
    Ok(text)
}
