use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{Actor, MediaFileId, MediaId, TenantId},
};

/// Media uploaded by a tenant.
#[derive(Clone, Debug)]
pub struct NewUploadedMedia {
    pub id: MediaId,
    pub tenant: TenantId,
    pub created_by: Actor,
    pub kind: &'static str,
    pub mime_type: String,
    pub filename: Option<String>,
    pub file: MediaFileId,
}

pub async fn insert_uploaded(on: On<'_>, media: &NewUploadedMedia, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO media (id, tenant_id, origin, kind, mime_type, filename, file_id, received_at, lane, state, due_at, finished_at, created_by)
        VALUES ($1, $2, 'api', $3, $4, $5, $6, $7, 1, 'done', $7, $7, $8)";
    let new = media.clone();
    let args = (
        new.id,
        new.tenant,
        new.kind.to_owned(),
        new.mime_type,
        new.filename,
        new.file,
        now,
        new.created_by.to_string(),
    );
    on.sql(SQL, args).run().await
}
