use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, Id, MediaFileId, MediaId, TenantId},
};

/// What is uploaded to Meta once: a file, for a channel, as a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadKey {
    pub tenant: TenantId,
    pub file: MediaFileId,
    pub channel: ChannelId,
    pub mime_type: String,
}

/// How an upload stands. Past its time it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Upload {
    pub claim: Uuid,
    pub meta_id: Option<String>,
    /// Why there is no id: JSON.
    pub failure: Option<String>,
    pub valid_until: DateTime<Utc>,
}

/// The upload, if what is known of it still holds.
pub async fn find_upload(on: impl Into<On<'_>>, key: &UploadKey, now: DateTime<Utc>) -> Result<Option<Upload>> {
    const SQL: &str = "
        SELECT claim, meta_id, failure, valid_until FROM media_uploads
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND valid_until > $5";
    let args = (key.tenant, key.file, key.channel, key.mime_type.clone(), now);
    on.into().sql(SQL, args).opt().await
}

/// Makes the upload one's own until `until`, unless somebody has it or it is done: 1 or 0.
pub async fn claim(
    on: impl Into<On<'_>>,
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
    on.into().sql(SQL, args).run().await
}

/// Puts off the end of the lease; 0 when it is lost.
pub async fn renew(on: impl Into<On<'_>>, key: &UploadKey, claim: Uuid, until: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_uploads SET valid_until = $6
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND claim = $5 AND meta_id IS NULL";
    let args = (key.tenant, key.file, key.channel, key.mime_type.clone(), claim, until);
    on.into().sql(SQL, args).run().await
}

/// A file of ours, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub media: MediaId,
}

/// Forgets what Meta calls these files, where that is good for no longer than `until`.
pub async fn forget(on: impl Into<On<'_>>, files: &[Named], until: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, media_id, channel_id, until, now) AS ({rows})
        UPDATE media_uploads SET valid_until = r.now
        FROM r CROSS JOIN media m
        WHERE m.tenant_id = r.tenant_id AND m.id = r.media_id
            AND media_uploads.file_id = m.file_id AND media_uploads.channel_id = r.channel_id
            AND media_uploads.meta_id IS NOT NULL AND media_uploads.valid_until <= r.until";
    let row = |it: &Named| (it.tenant.uuid(), it.media.uuid(), it.channel.uuid(), until, now);
    Rows::new(SQL, files.iter().map(row).collect()).run(on).await
}

/// Writes how the upload ended. Past its time, whoever wants it next may try.
pub async fn finish(on: impl Into<On<'_>>, key: &UploadKey, end: &Upload) -> Result<u64> {
    const SQL: &str = "
        UPDATE media_uploads SET meta_id = $6, failure = $7, valid_until = $8
        WHERE tenant_id = $1 AND file_id = $2 AND channel_id = $3 AND mime_type = $4 AND claim = $5";
    let (k, e) = (key.clone(), end.clone());
    let args = (
        k.tenant,
        k.file,
        k.channel,
        k.mime_type,
        e.claim,
        e.meta_id,
        e.failure,
        e.valid_until,
    );
    on.into().sql(SQL, args).run().await
}
