//! Recurring syncs of templates, one row per account.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{Id, TemplateSyncId, TenantId},
};

/// The recurring sync of an account's templates.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TemplateSync {
    pub id: TemplateSyncId,
    pub tenant_id: TenantId,
    pub waba_id: String,
    /// When the last successful sync began.
    pub synced_at: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
    pub last_error: Option<String>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, waba_id, synced_at, due_at, last_error"
    };
}

/// Requests a sync at `at`, or earlier if one is due earlier; requests are coalesced. A running sync is followed by another, because it may
/// have read before the change.
pub async fn request_sync(
    on: impl Into<On<'_>>,
    id: TemplateSyncId,
    tenant: TenantId,
    waba_id: &str,
    now: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        INSERT INTO template_syncs (id, tenant_id, waba_id, requested_at, due_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, waba_id) DO UPDATE
        SET requested_at = excluded.requested_at, finished_at = NULL,
            state = CASE template_syncs.state WHEN 'running' THEN 'running' ELSE 'pending' END,
            attempts = CASE template_syncs.state WHEN 'running' THEN template_syncs.attempts ELSE 0 END,
            due_at = CASE WHEN template_syncs.state = 'running' OR (template_syncs.state = 'pending'
                AND template_syncs.due_at < excluded.due_at) THEN template_syncs.due_at ELSE excluded.due_at END";
    let args = (id, tenant, waba_id.to_owned(), now, at);
    on.into().sql(SQL, args).run().await.map(drop)
}

pub async fn find_sync(on: impl Into<On<'_>>, id: TemplateSyncId) -> Result<Option<TemplateSync>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM template_syncs WHERE id = $1");
    on.into().sql(SQL, (id,)).opt().await
}

pub async fn syncs_of_tenant(on: impl Into<On<'_>>, tenant: TenantId) -> Result<Vec<TemplateSync>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM template_syncs WHERE tenant_id = $1 ORDER BY waba_id"
    );
    on.into().sql(SQL, (tenant,)).all().await
}

/// Returns when each of these accounts was last synced; never-synced ones are left out.
pub async fn last_synced(
    on: impl Into<On<'_>>,
    accounts: &[(TenantId, String)],
) -> Result<Vec<(TenantId, String, DateTime<Utc>)>> {
    const SQL: &str = "
        WITH r (tenant_id, waba_id) AS ({rows})
        SELECT s.tenant_id, s.waba_id, s.synced_at
        FROM r CROSS JOIN template_syncs s
        WHERE s.tenant_id = r.tenant_id AND s.waba_id = r.waba_id AND s.synced_at IS NOT NULL";
    let row = |(tenant, waba): &(TenantId, String)| (tenant.uuid(), waba.clone());
    Rows::new(SQL, accounts.iter().map(row).collect()).all(on).await
}

/// Completes a sync that began at `began` and schedules the next: at `next`, or at once if one was requested since `began`.
pub async fn complete_sync(
    on: impl Into<On<'_>>,
    id: TemplateSyncId,
    began: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE template_syncs
        SET synced_at = $2, state = 'pending', attempts = 0, last_error = NULL,
            due_at = CASE WHEN requested_at > $2 THEN requested_at ELSE $3 END
        WHERE id = $1";
    on.into().sql(SQL, (id, began, next)).run().await
}
