use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Tx},
    domain::{MediaFileId, TenantId},
};

/// A file that was just written to the store.
#[derive(Clone, Debug)]
pub struct NewFile {
    pub tenant: TenantId,
    pub id: MediaFileId,
    pub digest: [u8; 32],
    pub size: i64,
    /// Whether smaller pictures are to be made of it.
    pub variants: WantsVariants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantsVariants {
    Yes,
    No,
}

/// Makes the file the tenant's, or finds the one that has the same bytes; answers the id that holds. The row stays locked until the
/// commit, so that nobody removes it while it is taken into use.
pub async fn keep(tx: &mut Tx, file: &NewFile, now: DateTime<Utc>) -> Result<MediaFileId> {
    const SQL: &str = "
        INSERT INTO media_files (id, tenant_id, digest, size, created_at, state, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $5)
        ON CONFLICT (tenant_id, digest) DO UPDATE SET orphaned_at = NULL
        RETURNING id";
    let state = match file.variants {
        WantsVariants::Yes => "pending",
        WantsVariants::No => "done",
    };
    let args = (
        file.id,
        file.tenant,
        file.digest.to_vec(),
        file.size,
        now,
        state.to_owned(),
    );
    let (id,): (MediaFileId,) = tx.sql(SQL, args).one().await?;
    Ok(id)
}

/// Marks a file that no media row needs any more.
pub async fn release(on: impl Into<On<'_>>, tenant: TenantId, file: MediaFileId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_files SET orphaned_at = $3
        WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM media WHERE media.file_id = $2)";
    on.into().sql(SQL, (tenant, file, now)).run().await
}

/// Files that were marked, the first first. One of which variants are being made has to wait for that.
pub async fn orphaned(on: impl Into<On<'_>>, limit: i64) -> Result<Vec<(TenantId, MediaFileId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM media_files
        WHERE orphaned_at IS NOT NULL AND state <> 'running'
        ORDER BY orphaned_at
        LIMIT $1";
    on.into().sql(SQL, (limit,)).all().await
}

/// What came of an attempt to remove a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    Yes,
    /// Somebody took it into use meanwhile, or works on it.
    StillNeeded,
}

/// Forgets a file unless it is needed after all. Whoever takes it into use locks the row first, so the second statement sees what they did.
pub async fn remove(tx: &mut Tx, tenant: TenantId, file: MediaFileId) -> Result<Removed> {
    const LOCK: &str = "UPDATE media_files SET orphaned_at = orphaned_at WHERE tenant_id = $1 AND id = $2";
    const REMOVE: &str = "
        DELETE FROM media_files
        WHERE tenant_id = $1 AND id = $2 AND orphaned_at IS NOT NULL AND state <> 'running'
            AND NOT EXISTS (SELECT 1 FROM media WHERE media.file_id = $2)";
    const NEEDED: &str = "
        UPDATE media_files SET orphaned_at = NULL
        WHERE tenant_id = $1 AND id = $2 AND EXISTS (SELECT 1 FROM media WHERE media.file_id = $2)";
    tx.sql(LOCK, (tenant, file)).run().await?;
    if tx.sql(REMOVE, (tenant, file)).run().await? > 0 {
        return Ok(Removed::Yes);
    }
    tx.sql(NEEDED, (tenant, file)).run().await?;
    Ok(Removed::StillNeeded)
}

/// Tenant, attempt and size of a leased file of which variants are to be made.
pub async fn wants_variants(on: impl Into<On<'_>>, id: MediaFileId) -> Result<Option<(TenantId, i64, i64)>> {
    const SQL: &str = "SELECT tenant_id, attempts, size FROM media_files WHERE id = $1 AND state = 'running'";
    on.into().sql(SQL, (id,)).opt().await
}

/// What was made of an image.
#[derive(Clone, Debug)]
pub struct Pictured {
    pub tenant: TenantId,
    pub id: MediaFileId,
    pub attempt: i64,
    /// Width and height of the original, in pixels; none of one that was not unpacked.
    pub size: Option<(u32, u32)>,
    /// JSON.
    pub variants: String,
    /// Why there are none and never will be.
    pub unfit: Option<String>,
}

/// Ends the making of variants; 0 when the row is no longer as that attempt left it.
pub async fn pictured(on: impl Into<On<'_>>, made: &Pictured, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_files
        SET state = 'done', width = $4, height = $5, variants = $6, finished_at = $7, last_error = $8
        WHERE tenant_id = $1 AND id = $2 AND state = 'running' AND attempts = $3";
    let m = made.clone();
    let (width, height) = m
        .size
        .map(|(width, height)| (i64::from(width), i64::from(height)))
        .unzip();
    let args = (m.tenant, m.id, m.attempt, width, height, m.variants, now, m.unfit);
    on.into().sql(SQL, args).run().await
}
