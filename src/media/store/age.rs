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

/// What media held that were let go of.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub file: Option<MediaFileId>,
    /// In bytes, of a file that the tenant uploaded; otherwise 0.
    pub uploaded: i64,
}

/// Lets go of media: the row stays without its file, and without the name its sender gave it. `None` when there are none.
pub async fn delete(tx: &mut Tx, tenant: TenantId, id: MediaId, now: DateTime<Utc>) -> Result<Option<Held>> {
    const LOCK: &str = "
        UPDATE media SET deleted_at = $3 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
        RETURNING file_id, CASE WHEN origin = 'api' THEN COALESCE((SELECT f.size FROM media_files f WHERE f.id = file_id), 0) ELSE 0 END";
    // Somebody chose this, so it is no failure to tell of.
    const LET_GO: &str = "
        UPDATE media
        SET file_id = NULL, filename = NULL, told_at = $3, finished_at = COALESCE(finished_at, $3),
            state = CASE state WHEN 'done' THEN 'done' ELSE 'discarded' END
        WHERE tenant_id = $1 AND id = $2";
    let locked: Option<(Option<MediaFileId>, i64)> = tx.sql(LOCK, (tenant, id, now)).opt().await?;
    let Some((file, uploaded)) = locked else {
        return Ok(None);
    };
    tx.sql(LET_GO, (tenant, id, now)).run().await?;
    Ok(Some(Held { file, uploaded }))
}
