//! Rows of segments.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Tx},
    domain::{SegmentId, TenantId},
    records::lock_order::Stage,
};

/// A segment as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StoredSegment {
    pub id: SegmentId,
    pub name: String,
    pub folded: String,
    /// The text of its filter.
    pub filter: String,
    /// One more with each change.
    pub version: i64,
    /// The last complete count of its contacts, and when it was begun.
    pub counted: Option<i64>,
    pub counted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub updated_at: DateTime<Utc>,
}

/// Locks the segments of a tenant, so that what one says of another stays true until the end of the transaction.
pub(crate) async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<()> {
    const POSTGRES: &str = "SELECT id FROM segments WHERE tenant_id = $1 ORDER BY id FOR UPDATE";
    Stage::Configuration.reach(tx);
    if tx.is_postgres() {
        tx.sql(POSTGRES, (tenant,)).run().await?;
    }
    Ok(())
}

/// Lists the segments by name.
pub(crate) async fn list(on: On<'_>, tenant: TenantId) -> Result<Vec<StoredSegment>> {
    const SQL: &str = "
        SELECT id, name, folded, filter, version, counted, counted_at, created_at, created_by, updated_at
        FROM segments WHERE tenant_id = $1 AND archived_at IS NULL
        ORDER BY folded";
    on.sql(SQL, (tenant,)).all().await
}

pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: SegmentId) -> Result<Option<StoredSegment>> {
    const SQL: &str = "
        SELECT id, name, folded, filter, version, counted, counted_at, created_at, created_by, updated_at
        FROM segments WHERE tenant_id = $1 AND id = $2 AND archived_at IS NULL";
    on.sql(SQL, (tenant, id)).opt().await
}

/// Inserts a segment, unless its name is taken.
pub(crate) async fn insert(on: On<'_>, tenant: TenantId, it: &StoredSegment) -> Result<bool> {
    const SQL: &str = "
        INSERT INTO segments (tenant_id, id, name, folded, filter, version, created_at, created_by, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING";
    let args = (
        tenant,
        it.id,
        it.name.clone(),
        it.folded.clone(),
        it.filter.clone(),
        it.version,
        it.created_at,
        it.created_by.clone(),
        it.updated_at,
    );
    Ok(on.sql(SQL, args).run().await? == 1)
}

/// Writes the name, the filter and the count of a segment.
pub(crate) async fn update(on: On<'_>, tenant: TenantId, it: &StoredSegment) -> Result<u64> {
    const SQL: &str = "
        UPDATE segments
        SET name = $3, folded = $4, filter = $5, version = $6, counted = $7, counted_at = $8, updated_at = $9
        WHERE tenant_id = $1 AND id = $2";
    let args = (
        tenant,
        it.id,
        it.name.clone(),
        it.folded.clone(),
        it.filter.clone(),
        it.version,
        it.counted,
        it.counted_at,
        it.updated_at,
    );
    on.sql(SQL, args).run().await
}

/// Writes a count, unless the segment has changed since that version or a later count is known.
pub(crate) async fn set_count(
    on: On<'_>,
    tenant: TenantId,
    (id, version): (SegmentId, i64),
    count: i64,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE segments SET counted = $4, counted_at = $5
        WHERE tenant_id = $1 AND id = $2 AND version = $3 AND (counted_at IS NULL OR counted_at <= $5)";
    on.sql(SQL, (tenant, id, version, count, at)).run().await
}

/// Archives a segment: its name is free again.
pub(crate) async fn archive(on: On<'_>, tenant: TenantId, id: SegmentId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE segments SET archived_at = $3, updated_at = $3 WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, now)).run().await
}
