use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Tx},
    domain::{MediaFileId, MediaId, TenantId},
};

/// Returns media received before `before`, oldest first.
pub async fn list_older_than(on: On<'_>, before: DateTime<Utc>, limit: i64) -> Result<Vec<(TenantId, MediaId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM media WHERE deleted_at IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2";
    on.sql(SQL, (before, limit)).all().await
}

/// Lists the oldest media of a tenant from before a time.
pub async fn list_older_of(
    on: On<'_>,
    tenant: TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(TenantId, MediaId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM media
        WHERE deleted_at IS NULL AND tenant_id = $1 AND received_at < $2
        ORDER BY received_at LIMIT $3";
    on.sql(SQL, (tenant, before, limit)).all().await
}

/// References that media held before its deletion.
#[derive(Clone, Copy, Debug)]
pub struct ReleasedMedia {
    pub file: Option<MediaFileId>,
    /// Size of a file uploaded by the tenant, in bytes; otherwise 0.
    pub uploaded: i64,
}

/// Deletes media: the row remains without file and file name. `None` if the id is unknown.
pub async fn delete(tx: &mut Tx, tenant: TenantId, id: MediaId, now: DateTime<Utc>) -> Result<Option<ReleasedMedia>> {
    const LOCK: &str = "
        UPDATE media SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
        RETURNING file_id, CASE WHEN origin = 'api' THEN COALESCE((SELECT f.size FROM media_files f WHERE f.id = file_id), 0) ELSE 0 END";
    // Marked as reported: a deletion is no failure to emit an event for.
    const RELEASE: &str = "
        UPDATE media
        SET file_id = NULL, filename = NULL, notified_at = $3, finished_at = COALESCE(finished_at, $3),
            state = CASE state WHEN 'done' THEN 'done' ELSE 'discarded' END
        WHERE tenant_id = $1 AND id = $2";
    let locked: Option<(Option<MediaFileId>, i64)> = tx.sql(LOCK, (tenant, id, now)).opt().await?;
    let Some((file, uploaded)) = locked else {
        return Ok(None);
    };
    tx.sql(RELEASE, (tenant, id, now)).run().await?;
    Ok(Some(ReleasedMedia { file, uploaded }))
}
