//! Recurring syncs of templates, one row per account.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx, conflict_error},
    domain::{Id, TemplateSyncId, TenantId},
    queue::{
        Lease, Queue, Recurring,
        recurring::{self, RecurringRow},
    },
};

/// The queue of the recurring syncs.
pub const SYNCS: Queue = Queue::new("templates", "template_syncs").recurring(Recurring::by_name("waba_id"));

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
    on: On<'_>,
    id: TemplateSyncId,
    tenant: TenantId,
    waba_id: &str,
    now: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    recurring::request(on, &SYNCS, RecurringRow::named(id, tenant, waba_id), now, at).await
}

/// Removes the sync of an account; its templates stay as they are.
pub(crate) async fn remove_sync(on: On<'_>, tenant: TenantId, waba_id: &str) -> Result<u64> {
    const SQL: &str = "DELETE FROM template_syncs WHERE tenant_id = $1 AND waba_id = $2";
    on.sql(SQL, (tenant, waba_id.to_owned())).run().await
}

pub async fn find_sync(on: On<'_>, id: TemplateSyncId) -> Result<Option<TemplateSync>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM template_syncs WHERE id = $1");
    on.sql(SQL, (id,)).opt().await
}

pub async fn syncs_of_tenant(on: On<'_>, tenant: TenantId) -> Result<Vec<TemplateSync>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM template_syncs WHERE tenant_id = $1 ORDER BY waba_id"
    );
    on.sql(SQL, (tenant,)).all().await
}

/// Returns when each of these accounts was last synced; never-synced ones are left out.
pub(crate) async fn last_synced(
    on: On<'_>,
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

/// Completes a sync that began at `began` and schedules the next: at `next`, or at once if one was requested since `began`. A conflict if another
/// worker has taken the sync over.
pub async fn complete_sync(tx: &mut Tx, lease: Lease, began: DateTime<Utc>, next: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "UPDATE template_syncs SET synced_at = $2 WHERE id = $1";
    let due = recurring::reschedule(tx.on(), &SYNCS, lease, began, next).await?;
    due.ok_or_else(conflict_error)?;
    tx.sql(SQL, (lease.id, began)).run().await.map(drop)
}
