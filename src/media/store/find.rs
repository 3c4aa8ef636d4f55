use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, Id, MediaFileId, MediaId, MessageId, Origin, TenantId, WorkState},
};

/// Media with its file, if stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredMedia {
    pub id: MediaId,
    pub tenant_id: TenantId,
    pub origin: Origin,
    pub kind: String,
    pub channel_id: Option<ChannelId>,
    pub message_id: Option<MessageId>,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub received_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    /// Work state; see [`crate::domain::WorkState`].
    pub state: WorkState,
    pub last_error: Option<String>,
    pub file_id: Option<MediaFileId>,
    pub digest: Option<Vec<u8>>,
    pub size: Option<i64>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub variants: Option<String>,
}

macro_rules! columns {
    () => {
        "m.id, m.tenant_id, m.origin, m.kind, m.channel_id, m.message_id, m.mime_type, m.filename, m.received_at, m.deleted_at, \
         m.state, m.last_error, m.file_id, f.digest, f.size, f.width, f.height, f.variants"
    };
}

pub async fn find(on: On<'_>, tenant: TenantId, id: MediaId) -> Result<Option<StoredMedia>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM media m LEFT JOIN media_files f ON f.tenant_id = m.tenant_id AND f.id = m.file_id
          WHERE m.tenant_id = $1 AND m.id = $2"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

/// Finds those of a tenant's media that exist.
pub async fn find_all(on: On<'_>, tenant: TenantId, ids: &[MediaId]) -> Result<Vec<StoredMedia>> {
    const SQL: &str = concat!(
        "WITH r (id, tenant_id) AS ({rows})
         SELECT ",
        columns!(),
        " FROM r JOIN media m ON m.tenant_id = r.tenant_id AND m.id = r.id
          LEFT JOIN media_files f ON f.tenant_id = m.tenant_id AND f.id = m.file_id"
    );
    let row = |id: &MediaId| (id.uuid(), tenant.uuid());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}
