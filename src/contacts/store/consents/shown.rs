//! The ledger and the present states of contacts, as they are shown.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
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
    pub contact_id: ContactId,
    pub purpose: ConsentPurpose,
    /// The nil UUID is all channels.
    pub channel_id: ChannelId,
    pub status: ConsentStatus,
    pub since: DateTime<Utc>,
}

/// Reads all present states of contacts.
pub(crate) async fn present(on: On<'_>, contacts: &[(TenantId, ContactId)]) -> Result<Vec<PresentConsent>> {
    const SQL: &str = "
        WITH r (tenant_id, contact_id) AS ({rows})
        SELECT k.contact_id, k.purpose, k.channel_id, k.status, k.since
        FROM r CROSS JOIN contact_consents k
        WHERE k.tenant_id = r.tenant_id AND k.contact_id = r.contact_id";
    let row = |(tenant, contact): &(TenantId, ContactId)| (tenant.uuid(), contact.uuid());
    Rows::new(SQL, contacts.iter().map(row).collect()).all(on).await
}
