//! The ledger and the present states of contacts, as they are shown.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result},
    domain::{
        ChannelId, ConsentId, ConsentPurpose, ConsentSource, ConsentStatus, ContactId, Id, ImportId, MessageId,
        TenantId,
    },
};

/// A row of the ledger, as it is shown.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ConsentRecord {
    pub id: ConsentId,
    pub purpose: ConsentPurpose,
    pub channel_id: ChannelId,
    pub status: ConsentStatus,
    pub source: ConsentSource,
    #[sqlx(rename = "override")]
    pub lifts: bool,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub evidence: Option<String>,
    pub message_id: Option<MessageId>,
    pub import_id: Option<ImportId>,
    pub import_row: Option<i64>,
    pub created_by: String,
}

/// Lists the statements about a contact, the latest recorded first.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    contact: ContactId,
    before: Option<ConsentId>,
    limit: i64,
) -> Result<Vec<ConsentRecord>> {
    const SQL: &str = r#"
        SELECT id, purpose, channel_id, status, source, "override", occurred_at, recorded_at, evidence, message_id, import_id,
            import_row, created_by
        FROM consents
        WHERE tenant_id = $1 AND contact_id = $2 AND id < $3
        ORDER BY id DESC
        LIMIT $4"#;
    let before = before.unwrap_or(ConsentId::from_uuid(Uuid::max()));
    on.sql(SQL, (tenant, contact, before, limit)).all().await
}

/// The present state of a contact for one purpose and channel.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct PresentConsent {
    pub purpose: ConsentPurpose,
    /// The nil UUID is all channels.
    pub channel_id: ChannelId,
    pub status: ConsentStatus,
    pub since: DateTime<Utc>,
}

/// Reads all present states of a contact.
pub(crate) async fn present(on: On<'_>, tenant: TenantId, contact: ContactId) -> Result<Vec<PresentConsent>> {
    const SQL: &str = "
        SELECT purpose, channel_id, status, since FROM contact_consents WHERE tenant_id = $1 AND contact_id = $2
        ORDER BY purpose, channel_id";
    on.sql(SQL, (tenant, contact)).all().await
}
