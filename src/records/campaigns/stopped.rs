//! Whether a campaign lets its messages go.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, CampaignStatus, ChannelId, Id, TenantId},
    records::lock_order::Stage,
};

/// Returns those of the campaigns whose messages may not be sent now. Read without a lock: senders that share locks in turn would keep a
/// pause waiting.
pub(crate) async fn stopped(on: On<'_>, campaigns: &BTreeSet<(TenantId, CampaignId)>) -> Result<BTreeSet<CampaignId>> {
    const SQL: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT c.id FROM r CROSS JOIN campaigns c
        WHERE c.tenant_id = r.tenant_id AND c.id = r.id AND c.status NOT IN ('running', 'completed')";
    if campaigns.is_empty() {
        return Ok(BTreeSet::new());
    }
    let row = |(tenant, id): &(TenantId, CampaignId)| (tenant.uuid(), id.uuid());
    let found: Vec<(CampaignId,)> = Rows::new(SQL, campaigns.iter().map(row).collect()).all(on).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Locks a campaign against changes of its status, for a page of its recipients, and returns whether it is running.
pub(crate) async fn lock_running(tx: &mut Tx, tenant: TenantId, id: CampaignId) -> Result<bool> {
    const SQLITE: &str = "SELECT status FROM campaigns WHERE tenant_id = $1 AND id = $2";
    const POSTGRES: &str = "SELECT status FROM campaigns WHERE tenant_id = $1 AND id = $2 FOR SHARE";
    Stage::Campaigns.reach(tx);
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let found: Option<(CampaignStatus,)> = tx.sql(sql, (tenant, id)).opt().await?;
    Ok(found == Some((CampaignStatus::Running,)))
}

/// A campaign that has not ended.
#[derive(sqlx::FromRow)]
pub(crate) struct LiveCampaign {
    pub id: CampaignId,
    pub name: String,
    spec: String,
}

/// What is read here of a campaign's spec.
#[derive(Deserialize)]
struct ChannelsOfSpec {
    channels: Vec<ChannelId>,
}

/// Finds a campaign of a channel that is scheduled, running, paused or canceling: the oldest.
pub(crate) async fn live_of_channel(on: On<'_>, tenant: TenantId, channel: ChannelId) -> Result<Option<LiveCampaign>> {
    const SQL: &str = "
        SELECT id, name, spec FROM campaigns
        WHERE tenant_id = $1 AND status IN ('scheduled', 'running', 'paused', 'canceling') ORDER BY id";
    let live: Vec<LiveCampaign> = on.sql(SQL, (tenant,)).all().await?;
    let has_channel = |it: &LiveCampaign| {
        serde_json::from_str(&it.spec).is_ok_and(|spec: ChannelsOfSpec| spec.channels.contains(&channel))
    };
    Ok(live.into_iter().find(has_channel))
}
