//! Recipients whose message failed, for campaigns that write to them again.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, ContactId, Id, MessageId, Status, TenantId},
};

/// A message of a window, as far as it failed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct CampaignOutcome {
    pub id: MessageId,
    pub contact_id: ContactId,
    pub status: Status,
    pub error_code: Option<i64>,
    /// When Meta reported the failure; `None` if it was the answer to the call, or if none was made.
    pub told_at: Option<DateTime<Utc>>,
}

/// Returns messages of a tenant between two ids, the last first.
pub(crate) async fn outcomes_before(
    on: On<'_>,
    tenant: TenantId,
    (least, before): (Uuid, Uuid),
    limit: i64,
) -> Result<Vec<CampaignOutcome>> {
    const SQL: &str = "
        SELECT m.id, m.contact_id, m.status, m.error_code, CASE WHEN m.status = 'failed' THEN (
            SELECT MAX(t.received_at) FROM message_statuses t
            WHERE t.channel_id = m.channel_id AND t.wamid = m.wamid AND t.status = 'failed') END AS told_at
        FROM messages m
        WHERE m.tenant_id = $1 AND m.id >= $2 AND m.id < $3
        ORDER BY m.id DESC LIMIT $4";
    on.sql(SQL, (tenant, least, before, limit)).all().await
}

/// Claims recipients of a campaign for another that writes to them again. Returns the keys of those that none had claimed.
pub(crate) async fn claim(
    tx: &mut Tx,
    (tenant, campaign): (TenantId, CampaignId),
    keys: &[(i64, i64)],
    by: CampaignId,
) -> Result<HashSet<(i64, i64)>> {
    // No planner turns a subquery that locks into a join.
    const POSTGRES: &str = "
        WITH r (tenant_id, campaign_id, wave, n) AS ({rows})
        SELECT o.wave, o.n
        FROM (SELECT * FROM r ORDER BY wave, n) i CROSS JOIN LATERAL (
            SELECT k.wave, k.n FROM campaign_recipients k
            WHERE k.tenant_id = i.tenant_id AND k.campaign_id = i.campaign_id AND k.wave = i.wave AND k.n = i.n
                AND k.retried_by IS NULL FOR UPDATE) o";
    const SQLITE: &str = "
        WITH r (tenant_id, campaign_id, wave, n) AS ({rows})
        SELECT k.wave, k.n FROM r CROSS JOIN campaign_recipients k
        WHERE k.tenant_id = r.tenant_id AND k.campaign_id = r.campaign_id AND k.wave = r.wave AND k.n = r.n AND k.retried_by IS NULL";
    const CLAIM: &str = "
        WITH r (tenant_id, campaign_id, wave, n, by) AS ({rows})
        UPDATE campaign_recipients SET retried_by = r.by
        FROM r
        WHERE campaign_recipients.tenant_id = r.tenant_id AND campaign_recipients.campaign_id = r.campaign_id
            AND campaign_recipients.wave = r.wave AND campaign_recipients.n = r.n";
    let row = |(wave, n): &(i64, i64)| (tenant.uuid(), campaign.uuid(), *wave, *n);
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let free: Vec<(i64, i64)> = Rows::new(sql, keys.iter().map(row).collect()).all(tx.on()).await?;
    let claimed = |(wave, n): &(i64, i64)| (tenant.uuid(), campaign.uuid(), *wave, *n, by.uuid());
    Rows::new(CLAIM, free.iter().map(claimed).collect())
        .run(tx.on())
        .await?;
    Ok(free.into_iter().collect())
}

/// Returns the keys of those recipients of a campaign that no other campaign has claimed.
pub(crate) async fn unclaimed(
    on: On<'_>,
    (tenant, campaign): (TenantId, CampaignId),
    keys: &[(i64, i64)],
) -> Result<HashSet<(i64, i64)>> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, n) AS ({rows})
        SELECT k.wave, k.n FROM r CROSS JOIN campaign_recipients k
        WHERE k.tenant_id = r.tenant_id AND k.campaign_id = r.campaign_id AND k.wave = r.wave AND k.n = r.n AND k.retried_by IS NULL";
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let row = |(wave, n): &(i64, i64)| (tenant.uuid(), campaign.uuid(), *wave, *n);
    let free: Vec<(i64, i64)> = Rows::new(SQL, keys.iter().map(row).collect()).all(on).await?;
    Ok(free.into_iter().collect())
}
