//! Stored files, one row per tenant and digest.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Tx},
    domain::{MediaFileId, TenantId},
};

/// A file written to the store.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    pub tenant: TenantId,
    pub id: MediaFileId,
    pub digest: [u8; 32],
    pub size: i64,
    /// Whether to generate variants.
    pub variants: WantsVariants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WantsVariants {
    Yes,
    No,
}

/// Inserts the file, or finds the tenant's file with the same bytes. Returns its id. The row stays locked until the commit, so that it is
/// not removed meanwhile.
pub(crate) async fn upsert_file(tx: &mut Tx, file: &NewFile, now: DateTime<Utc>) -> Result<MediaFileId> {
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

/// Marks a file as orphaned if no media refers to it.
pub(crate) async fn mark_orphaned(on: On<'_>, tenant: TenantId, file: MediaFileId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_files SET orphaned_at = $3
        WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM media WHERE media.file_id = $2)";
    on.sql(SQL, (tenant, file, now)).run().await
}

/// Returns orphaned files, longest orphaned first. Files whose variants are being generated are left out.
pub(crate) async fn list_orphaned(on: On<'_>, limit: i64) -> Result<Vec<(TenantId, MediaFileId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM media_files
        WHERE orphaned_at IS NOT NULL AND state <> 'running'
        ORDER BY orphaned_at
        LIMIT $1";
    on.sql(SQL, (limit,)).all().await
}

/// Result of removing an orphaned file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    Yes,
    /// In use again, or its variants are being generated.
    StillNeeded,
}

/// Deletes an orphaned file's row unless the file is in use again. New users lock the row first, so the second statement sees their commit.
pub(crate) async fn remove_orphan(tx: &mut Tx, tenant: TenantId, file: MediaFileId) -> Result<Removed> {
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

/// Returns tenant, attempt and size of a leased file whose variants are to be generated.
pub(crate) async fn find_leased_file(on: On<'_>, id: MediaFileId) -> Result<Option<(TenantId, i64, i64)>> {
    const SQL: &str = "SELECT tenant_id, attempts, size FROM media_files WHERE id = $1 AND state = 'running'";
    on.sql(SQL, (id,)).opt().await
}

/// Result of generating variants.
#[derive(Clone, Debug)]
pub(crate) struct CompletedVariants {
    pub tenant: TenantId,
    pub id: MediaFileId,
    pub attempt: i64,
    /// Width and height of the original, in pixels; `None` if it was not decoded.
    pub size: Option<(u32, u32)>,
    /// JSON.
    pub variants: String,
    /// Why there are no variants, permanently.
    pub error: Option<String>,
}

/// Completes the generation of variants. Returns 0 if the row is no longer leased by this attempt.
pub(crate) async fn complete_variants(on: On<'_>, made: &CompletedVariants, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_files
        SET state = 'done', width = $4, height = $5, variants = $6, finished_at = $7, last_error = $8
        WHERE tenant_id = $1 AND id = $2 AND state = 'running' AND attempts = $3";
    let new = made.clone();
    let (width, height) = new
        .size
        .map(|(width, height)| (i64::from(width), i64::from(height)))
        .unzip();
    let args = (
        new.tenant,
        new.id,
        new.attempt,
        width,
        height,
        new.variants,
        now,
        new.error,
    );
    on.sql(SQL, args).run().await
}
