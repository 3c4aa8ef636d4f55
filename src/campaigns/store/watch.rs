//! What the watchdog sees of campaigns, and which recipients are past their retention.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{CampaignId, TenantId},
};

/// A campaign that is to move.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct WatchedCampaign {
    pub tenant_id: TenantId,
    pub id: CampaignId,
    pub watch_mark: Option<String>,
    pub moved_at: Option<DateTime<Utc>>,
    pub stalled_since: Option<DateTime<Utc>>,
}

/// Lists campaigns of all tenants that are running, or scheduled for a time that has passed.
pub(crate) async fn to_watch(on: On<'_>, now: DateTime<Utc>) -> Result<Vec<WatchedCampaign>> {
    const SQL: &str = "
        SELECT tenant_id, id, watch_mark, moved_at, stalled_since FROM campaigns
        WHERE status = 'running' OR (status = 'scheduled' AND starts_at <= $1)
        ORDER BY tenant_id, id";
    on.sql(SQL, (now,)).all().await
}

/// Notes that something moved on a campaign, or that it waits for a reason: the watch begins anew.
pub(crate) async fn note_moved(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    mark: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        UPDATE campaigns SET watch_mark = $3, moved_at = $4, stalled_since = NULL WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, mark.to_owned(), now)).run().await.map(drop)
}

/// Notes since when nothing moves on a campaign. Returns false if another worker did, or saw it move.
pub(crate) async fn note_stalled(
    on: On<'_>,
    (tenant, id): (TenantId, CampaignId),
    mark: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaigns SET stalled_since = $4
        WHERE tenant_id = $1 AND id = $2 AND watch_mark = $3 AND moved_at = $4 AND stalled_since IS NULL
            AND status IN ('scheduled', 'running')";
    Ok(on.sql(SQL, (tenant, id, mark.to_owned(), since)).run().await? > 0)
}

/// Lists campaigns that ended before a time and whose recipients are kept yet, the oldest first.
pub(crate) async fn to_clear(on: On<'_>, before: DateTime<Utc>, limit: i64) -> Result<Vec<(TenantId, CampaignId)>> {
    const SQL: &str = "
        SELECT tenant_id, id FROM campaigns
        WHERE finished_at IS NOT NULL AND recipients_removed_at IS NULL AND finished_at < $1
        ORDER BY finished_at LIMIT $2";
    on.sql(SQL, (before, limit)).all().await
}

/// Removes up to `limit` recipients of a campaign, and returns how many.
pub(crate) async fn remove_recipients(on: On<'_>, (tenant, id): (TenantId, CampaignId), limit: i64) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM campaign_recipients WHERE (tenant_id, campaign_id, wave, n) IN (
            SELECT tenant_id, campaign_id, wave, n FROM campaign_recipients
            WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY wave, n LIMIT $3)";
    on.sql(SQL, (tenant, id, limit)).run().await
}

/// Notes that the recipients and rows of a campaign are gone.
pub(crate) async fn note_cleared(on: On<'_>, (tenant, id): (TenantId, CampaignId), now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE campaigns SET recipients_removed_at = $3, rows_count = 0 WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, now)).run().await.map(drop)
}
