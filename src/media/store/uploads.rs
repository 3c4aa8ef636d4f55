//! Uploads of files to Meta, with their lease and cached result.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, Id, MediaFileId, MediaId, TenantId},
};

/// Key of an upload: a file is uploaded once per channel and type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UploadKey {
    pub tenant: TenantId,
    pub file: MediaFileId,
    pub channel: ChannelId,
    pub mime_type: String,
}

/// State of an upload, valid until `valid_until`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct MetaUpload {
    pub claim: Uuid,
    pub meta_id: Option<String>,
    /// Cached failure, as JSON.
    pub failure: Option<String>,
    pub valid_until: DateTime<Utc>,
}

/// Returns the upload if its state is still valid.
pub(crate) async fn find_upload(on: On<'_>, key: &UploadKey, now: DateTime<Utc>) -> Result<Option<MetaUpload>> {
    const SQL: &str = "
        SELECT claim, meta_id, failure, valid_until FROM media_uploads
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND valid_until > $5";
    let args = (key.tenant, key.file, key.channel, key.mime_type.clone(), now);
    on.sql(SQL, args).opt().await
}

/// Leases the upload until `until`. Returns 0 if it is leased or done.
pub(crate) async fn claim_upload(
    on: On<'_>,
    key: &UploadKey,
    claim: Uuid,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO media_uploads (tenant_id, file_id, channel_id, mime_type, claim, valid_until)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (file_id, channel_id, mime_type) DO UPDATE
        SET claim = excluded.claim, meta_id = NULL, failure = NULL, valid_until = excluded.valid_until
        WHERE media_uploads.valid_until <= $7";
    let args = (
        key.tenant,
        key.file,
        key.channel,
        key.mime_type.clone(),
        claim,
        until,
        now,
    );
    on.sql(SQL, args).run().await
}

/// Extends the lease. Returns 0 if it is lost.
pub(crate) async fn renew_upload_lease(on: On<'_>, key: &UploadKey, claim: Uuid, until: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_uploads SET valid_until = $6
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND claim = $5 AND meta_id IS NULL";
    let args = (key.tenant, key.file, key.channel, key.mime_type.clone(), claim, until);
    on.sql(SQL, args).run().await
}

/// Media as referred to by a message of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MediaOnChannel {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub media: MediaId,
}

/// Expires cached media ids that are valid until `until` at most.
pub(crate) async fn expire_uploads(
    on: On<'_>,
    files: &[MediaOnChannel],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, media_id, channel_id, until, now) AS ({rows})
        UPDATE media_uploads SET valid_until = r.now
        FROM r CROSS JOIN media m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.media_id
            AND media_uploads.file_id = m.file_id AND media_uploads.channel_id = r.channel_id
            AND media_uploads.meta_id IS NOT NULL AND media_uploads.valid_until <= r.until";
    let row = |it: &MediaOnChannel| (it.tenant.uuid(), it.media.uuid(), it.channel.uuid(), until, now);
    Rows::new(SQL, files.iter().map(row).collect()).run(on).await
}

/// Stores the upload's result.
pub(crate) async fn finish_upload(on: On<'_>, key: &UploadKey, end: &MetaUpload) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_uploads SET meta_id = $6, failure = $7, valid_until = $8
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND claim = $5";
    let (key, upload) = (key.clone(), end.clone());
    let args = (
        key.tenant,
        key.file,
        key.channel,
        key.mime_type,
        upload.claim,
        upload.meta_id,
        upload.failure,
        upload.valid_until,
    );
    on.sql(SQL, args).run().await
}

/// Removes uploads that were valid until before a time, some at a time, and returns how many. Nothing looks at them any more.
pub(crate) async fn remove_expired(on: On<'_>, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM media_uploads WHERE (file_id, channel_id, mime_type) IN (
            SELECT file_id, channel_id, mime_type FROM media_uploads WHERE valid_until < $1 ORDER BY valid_until LIMIT $2)";
    on.sql(SQL, (before, limit)).run().await
}
