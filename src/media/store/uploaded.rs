use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{MediaFileId, MediaId, TenantId},
};

/// Media that a tenant's program brought.
#[derive(Clone, Debug)]
pub struct NewUploaded {
    pub id: MediaId,
    pub tenant: TenantId,
    pub kind: &'static str,
    pub mime_type: String,
    pub filename: Option<String>,
    pub file: MediaFileId,
}

pub async fn insert(on: impl Into<On<'_>>, media: &NewUploaded, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO media (id, tenant_id, origin, kind, mime_type, filename, file_id, received_at, lane, state, due_at, finished_at)
        VALUES ($1, $2, 'api', $3, $4, $5, $6, $7, 1, 'done', $7, $7)";
    let m = media.clone();
    let args = (m.id, m.tenant, m.kind.to_owned(), m.mime_type, m.filename, m.file, now);
    on.into().sql(SQL, args).run().await
}
