use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Tx},
    domain::{MediaFileId, MediaId, TenantId},
};

/// Media received before a time, the oldest first.
pub async fn older_than(on: impl Into<On<'_>>, before: DateTime<Utc>, limit: i64) -> Result<Vec<(TenantId, MediaId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM media WHERE deleted_at IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2";
    on.into().sql(SQL, (before, limit)).all().await
}

/// Lets go of media: the row stays without its file, and without the name its sender gave it. Answers whether it was there, and the file
/// that it held.
pub async fn delete(
    tx: &mut Tx,
    tenant: TenantId,
    id: MediaId,
    now: DateTime<Utc>,
) -> Result<Option<Option<MediaFileId>>> {
    const LOCK: &str = "
        UPDATE media SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
        RETURNING file_id";
    // Somebody chose this, so it is no failure to tell of.
    const LET_GO: &str = "
        UPDATE media
        SET file_id = NULL, filename = NULL, told_at = $3, finished_at = COALESCE(finished_at, $3),
            state = CASE state WHEN 'done' THEN 'done' ELSE 'discarded' END
        WHERE tenant_id = $1 AND id = $2";
    let Some((file,)) = tx.sql(LOCK, (tenant, id, now)).opt::<(Option<MediaFileId>,)>().await? else {
        return Ok(None);
    };
    tx.sql(LET_GO, (tenant, id, now)).run().await?;
    Ok(Some(file))
}
