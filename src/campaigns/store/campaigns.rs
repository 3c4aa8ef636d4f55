//! Rows of campaigns. Each transition names the states that it leads from: one that comes second changes nothing.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Tx},
    domain::{CampaignId, CampaignStatus, ContactId, OnMarketingCap, OnUnknown, TenantId},
    records::lock_order::Stage,
};

/// A campaign as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredCampaign {
    pub tenant_id: TenantId,
    pub id: CampaignId,
    pub name: String,
    pub status: CampaignStatus,
    pub(crate) reason: Option<String>,
    pub(crate) reason_details: Option<String>,
    /// JSON.
    pub(crate) spec: String,
    /// JSON: the templates at the launch.
    pub(crate) template: Option<String>,
    pub(crate) starts_at: Option<DateTime<Utc>>,
    /// JSON: the local time that it was launched for.
    pub(crate) schedule: Option<String>,
    /// The campaign whose failed recipients it writes to again.
    pub(crate) parent_id: Option<CampaignId>,
    /// Milliseconds since 1970 that the ids of its messages begin with.
    pub id_stamp: Option<i64>,
    /// The freeze goes through contacts before this one.
    pub(crate) freeze_bound: Option<ContactId>,
    /// The contact before which the freeze goes on; of a follow-up, the other campaign's message.
    pub(crate) freeze_cursor: Option<Uuid>,
    pub(crate) frozen_at: Option<DateTime<Utc>>,
    pub(crate) paced_until: Option<DateTime<Utc>>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) paused_at: Option<DateTime<Utc>>,
    pub(crate) resumed_at: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// Since when nothing moves though it waits for nothing.
    pub(crate) stalled_since: Option<DateTime<Utc>>,
    /// When its recipients and rows were removed.
    pub(crate) recipients_removed_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: String,
    pub(crate) updated_at: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "SELECT tenant_id, id, name, status, reason, reason_details, spec, template, starts_at, schedule, parent_id, id_stamp, freeze_bound, freeze_cursor,
            frozen_at, paced_until, started_at, paused_at, resumed_at, finished_at, stalled_since,
            recipients_removed_at, version, created_at, created_by, updated_at
        FROM campaigns "
    };
}

/// Inserts a draft.
pub(crate) async fn insert(on: On<'_>, it: &StoredCampaign) -> Result<()> {
    const SQL: &str = "
        INSERT INTO campaigns (tenant_id, id, name, status, spec, version, created_at, created_by, updated_at, parent_id)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $6, $8)";
    let (name, spec, by) = (it.name.clone(), it.spec.clone(), it.created_by.clone());
    let args = (
        it.tenant_id,
        it.id,
        name,
        it.status,
        spec,
        it.created_at,
        by,
        it.parent_id,
    );
    on.sql(SQL, args).run().await.map(drop)
}

/// Finds a campaign.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, id: CampaignId) -> Result<Option<StoredCampaign>> {
    const SQL: &str = concat!(columns!(), "WHERE tenant_id = $1 AND id = $2");
    on.sql(SQL, (tenant, id)).opt().await
}

/// Lists campaigns, newest first, starting before `before`, of one status or all.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    status: Option<CampaignStatus>,
    before: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<StoredCampaign>> {
    const ALL: &str = concat!(columns!(), "WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    const OF_STATUS: &str = concat!(
        columns!(),
        "WHERE tenant_id = $1 AND id < $2 AND status = $4 ORDER BY id DESC LIMIT $3"
    );
    let before = before.map_or(Uuid::max(), Into::into);
    match status {
        None => on.sql(ALL, (tenant, before, limit)).all().await,
        Some(status) => on.sql(OF_STATUS, (tenant, before, limit, status)).all().await,
    }
}

/// Lists campaigns after one, the oldest first.
pub(crate) async fn list_after(
    on: On<'_>,
    tenant: TenantId,
    after: CampaignId,
    limit: i64,
) -> Result<Vec<StoredCampaign>> {
    const SQL: &str = concat!(columns!(), "WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    on.sql(SQL, (tenant, after, limit)).all().await
}

/// Counts campaigns, up to `most`.
pub(crate) async fn count_all(on: On<'_>, tenant: TenantId, most: i64) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM (SELECT 1 FROM campaigns WHERE tenant_id = $1 LIMIT $2) AS counted";
    let (count,): (i64,) = on.sql(SQL, (tenant, most)).one().await?;
    Ok(count)
}

/// Locks a campaign until the end of the transaction, and returns it. A page under way ends first.
pub(crate) async fn lock(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<Option<StoredCampaign>> {
    const SQLITE: &str = concat!(columns!(), "WHERE tenant_id = $1 AND id = $2");
    const POSTGRES: &str = concat!(columns!(), "WHERE tenant_id = $1 AND id = $2 FOR UPDATE");
    Stage::Campaigns.reach(tx);
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    tx.sql(sql, (tenant, id)).opt().await
}

/// Counts the campaigns of a tenant that are running, or will by themselves.
pub(crate) async fn count_live(on: On<'_>, tenant: TenantId) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM campaigns WHERE tenant_id = $1 AND status IN ('scheduled', 'running', 'paused', 'canceling')";
    let (count,): (i64,) = on.sql(SQL, (tenant,)).one().await?;
    Ok(count)
}

/// Writes name and spec of a draft.
pub(crate) async fn update_draft(on: On<'_>, it: &StoredCampaign) -> Result<()> {
    const SQL: &str = "
        UPDATE campaigns SET name = $3, spec = $4, status = 'draft', starts_at = NULL, schedule = NULL, template = NULL, version = $5, updated_at = $6
        WHERE tenant_id = $1 AND id = $2 AND status IN ('draft', 'scheduled')";
    let args = (
        it.tenant_id,
        it.id,
        it.name.clone(),
        it.spec.clone(),
        it.version,
        it.updated_at,
    );
    on.sql(SQL, args).run().await.map(drop)
}

/// Removes a draft. Returns false if it is none.
pub(crate) async fn remove(on: On<'_>, tenant: TenantId, id: CampaignId) -> Result<bool> {
    const SQL: &str = "DELETE FROM campaigns WHERE tenant_id = $1 AND id = $2 AND status = 'draft'";
    Ok(on.sql(SQL, (tenant, id)).run().await? > 0)
}

/// What is kept of a campaign that is launched.
pub(crate) struct StoredLaunch {
    /// JSON: the templates as they are.
    pub template: Option<String>,
    pub starts_at: DateTime<Utc>,
    /// JSON.
    pub schedule: Option<String>,
    pub on_unknown: Option<OnUnknown>,
    pub on_marketing_cap: OnMarketingCap,
}

/// Makes a draft a scheduled campaign. Returns false if it is none.
pub(crate) async fn launch(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    launch: StoredLaunch,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = 'scheduled', template = $3, starts_at = $4, schedule = $5, on_unknown = $6, on_marketing_cap = $7,
            reason = NULL, reason_details = NULL, version = version + 1, updated_at = $8
        WHERE tenant_id = $1 AND id = $2 AND status = 'draft'";
    let (template, schedule) = (launch.template, launch.schedule);
    let policies = (launch.on_unknown, launch.on_marketing_cap);
    let args = (
        tenant,
        id,
        template,
        launch.starts_at,
        schedule,
        policies.0,
        policies.1,
        now,
    );
    Ok(on.sql(SQL, args).run().await? > 0)
}

/// Starts a campaign that is due. It starts once: whoever comes second changes nothing.
pub(crate) async fn start(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    bound: ContactId,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = 'running', id_stamp = $3, freeze_bound = $4, started_at = $5, version = version + 1, updated_at = $5
        WHERE tenant_id = $1 AND id = $2 AND status = 'scheduled'";
    let args = (tenant, id, now.timestamp_millis(), bound, now);
    Ok(on.sql(SQL, args).run().await? > 0)
}

/// Pauses a running campaign.
pub(crate) async fn pause(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    reason: &str,
    details: Option<String>,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = 'paused', reason = $3, reason_details = $4, paused_at = $5, stalled_since = NULL,
            version = version + 1, updated_at = $5
        WHERE tenant_id = $1 AND id = $2 AND status = 'running'";
    Ok(on.sql(SQL, (tenant, id, reason.to_owned(), details, now)).run().await? > 0)
}

/// Resumes a paused campaign.
pub(crate) async fn resume(on: On<'_>, (tenant, id): (TenantId, CampaignId), now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = 'running', reason = NULL, reason_details = NULL, paused_at = NULL, resumed_at = $3, paced_until = NULL,
            version = version + 1, updated_at = $3
        WHERE tenant_id = $1 AND id = $2 AND status = 'paused'";
    Ok(on.sql(SQL, (tenant, id, now)).run().await? > 0)
}

/// Moves a campaign that is one of three statuses to another.
pub(crate) async fn set_status(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    from: [CampaignStatus; 3],
    to: CampaignStatus,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = $6, stalled_since = NULL, version = version + 1, updated_at = $7
        WHERE tenant_id = $1 AND id = $2 AND status IN ($3, $4, $5)";
    let [first, second, third] = from;
    Ok(on.sql(SQL, (tenant, id, first, second, third, to, now)).run().await? > 0)
}

/// How a campaign ends.
pub(crate) struct CampaignEnd {
    pub from: CampaignStatus,
    pub to: CampaignStatus,
    pub reason: Option<&'static str>,
    pub details: Option<String>,
}

/// Ends a campaign.
pub(crate) async fn end(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    end: CampaignEnd,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET status = $4, reason = $5, reason_details = $6, finished_at = $7, stalled_since = NULL,
            version = version + 1, updated_at = $7
        WHERE tenant_id = $1 AND id = $2 AND status = $3";
    let reason = end.reason.map(str::to_owned);
    let args = (tenant, id, end.from, end.to, reason, end.details, now);
    Ok(on.sql(SQL, args).run().await? > 0)
}

/// How far a freeze is, before and after a window.
pub(crate) struct Freeze {
    pub from: Option<Uuid>,
    /// `None` at the end.
    pub to: Option<Uuid>,
}

/// Moves the cursor of a freeze, or notes its end. Returns false if another worker did, or if the campaign is not running.
pub(crate) async fn advance_freeze(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    freeze: Freeze,
    now: DateTime<Utc>,
) -> Result<bool> {
    const ON: &str = "
        UPDATE campaigns SET freeze_cursor = $4
        WHERE tenant_id = $1 AND id = $2 AND status = 'running' AND frozen_at IS NULL AND freeze_cursor IS NOT DISTINCT FROM $3";
    const END: &str = "
        UPDATE campaigns SET frozen_at = $4
        WHERE tenant_id = $1 AND id = $2 AND status = 'running' AND frozen_at IS NULL AND freeze_cursor IS NOT DISTINCT FROM $3";
    let changed = match freeze.to {
        Some(to) => on.sql(ON, (tenant, id, freeze.from, to)).run().await?,
        None => on.sql(END, (tenant, id, freeze.from, now)).run().await?,
    };
    Ok(changed > 0)
}

/// Notes until when a running campaign's pages have due times. Returns false if another worker did, or if it is not running.
pub(crate) async fn pace(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    from: Option<DateTime<Utc>>,
    to: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET paced_until = $4
        WHERE tenant_id = $1 AND id = $2 AND status = 'running' AND paced_until IS NOT DISTINCT FROM $3";
    Ok(on.sql(SQL, (tenant, id, from, to)).run().await? > 0)
}
