//! Waves of campaigns, and the numbers of a campaign in one snapshot.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{CampaignId, ChannelId, Id, MessageId, TenantId},
};

/// A wave as it is stored. Wave 0 has no channel and no language.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct StoredWave {
    pub wave: i64,
    pub channel_id: Option<ChannelId>,
    pub language: Option<String>,
    /// When its pages begin; `None` is at once.
    pub starts_at: Option<DateTime<Utc>>,
    /// Recipients frozen.
    pub frozen: i64,
    /// Those of lower ordinals became messages or were suppressed.
    pub cursor: i64,
}

macro_rules! columns {
    () => {
        "SELECT wave, channel_id, language, starts_at, frozen, cursor FROM campaign_waves WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY wave"
    };
}

/// Returns the waves of a campaign.
pub(crate) async fn waves(on: On<'_>, tenant: TenantId, campaign: CampaignId) -> Result<Vec<StoredWave>> {
    const SQL: &str = columns!();
    on.sql(SQL, (tenant, campaign)).all().await
}

/// Locks the waves of a campaign, and returns them. The caller holds the campaign.
pub(crate) async fn lock_waves(tx: &mut Tx, tenant: TenantId, campaign: CampaignId) -> Result<Vec<StoredWave>> {
    const SQLITE: &str = columns!();
    const POSTGRES: &str = concat!(columns!(), " FOR UPDATE");
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    tx.sql(sql, (tenant, campaign)).all().await
}

/// The recipients of a wave after a window of the freeze.
pub(crate) struct NewFrozen {
    pub wave: i64,
    pub channel: Option<ChannelId>,
    pub language: Option<String>,
    pub starts_at: Option<DateTime<Utc>>,
    pub frozen: i64,
}

/// Writes how many recipients waves have; those that are new begin here. The caller has locked the others.
pub(crate) async fn set_frozen(on: On<'_>, tenant: TenantId, campaign: CampaignId, waves: &[NewFrozen]) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, campaign_id, wave, channel_id, language, starts_at, frozen) AS ({rows})
        INSERT INTO campaign_waves (tenant_id, campaign_id, wave, channel_id, language, starts_at, frozen, cursor)
        SELECT tenant_id, campaign_id, wave, channel_id, language, starts_at, frozen, 0 FROM r
        WHERE true
        ON CONFLICT (tenant_id, campaign_id, wave) DO UPDATE SET frozen = excluded.frozen";
    let row = |it: &NewFrozen| {
        (
            tenant.uuid(),
            campaign.uuid(),
            it.wave,
            it.channel.map(Id::uuid),
            it.language.clone(),
            it.starts_at,
            it.frozen,
        )
    };
    Rows::new(SQL, waves.iter().map(row).collect()).run(on).await.map(drop)
}

/// Moves the cursor of a wave over a page. Returns false if another worker did, or if the page is not frozen yet.
pub(crate) async fn advance_wave(
    on: On<'_>,
    (tenant, campaign, wave): (TenantId, CampaignId, i64),
    from: i64,
    to: i64,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE campaign_waves SET cursor = $5
        WHERE tenant_id = $1 AND campaign_id = $2 AND wave = $3 AND cursor = $4 AND $5 <= frozen";
    Ok(on.sql(SQL, (tenant, campaign, wave, from, to)).run().await? > 0)
}

/// Returns the numbers of a campaign in one snapshot: of each wave `frozen`, `cursor`, and its counters by status.
pub(crate) async fn numbers(on: On<'_>, tenant: TenantId, campaign: CampaignId) -> Result<Vec<(i64, String, i64)>> {
    const SQL: &str = "
        SELECT wave, 'frozen' AS status, frozen AS n FROM campaign_waves WHERE tenant_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT wave, 'cursor' AS status, cursor AS n FROM campaign_waves WHERE tenant_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT wave, status, n FROM campaign_counts WHERE tenant_id = $1 AND campaign_id = $2";
    on.sql(SQL, (tenant, campaign)).all().await
}

/// Returns the [`numbers`] of the campaigns from one to another, in one snapshot: campaign, wave, status, number.
pub(crate) async fn numbers_between(
    on: On<'_>,
    tenant: TenantId,
    [first, last]: [CampaignId; 2],
) -> Result<Vec<(CampaignId, i64, String, i64)>> {
    const SQL: &str = "
        SELECT campaign_id, wave, 'frozen' AS status, frozen AS n FROM campaign_waves
        WHERE tenant_id = $1 AND campaign_id BETWEEN $2 AND $3
        UNION ALL
        SELECT campaign_id, wave, 'cursor' AS status, cursor AS n FROM campaign_waves
        WHERE tenant_id = $1 AND campaign_id BETWEEN $2 AND $3
        UNION ALL
        SELECT campaign_id, wave, status, n FROM campaign_counts WHERE tenant_id = $1 AND campaign_id BETWEEN $2 AND $3";
    on.sql(SQL, (tenant, first, last)).all().await
}

/// Counts the recipients of a campaign.
pub(crate) async fn count_recipients(on: On<'_>, tenant: TenantId, campaign: CampaignId) -> Result<i64> {
    const SQL: &str = "
        SELECT CAST(COALESCE(SUM(frozen), 0) AS BIGINT) FROM campaign_waves WHERE tenant_id = $1 AND campaign_id = $2";
    let (count,): (i64,) = on.sql(SQL, (tenant, campaign)).one().await?;
    Ok(count)
}

/// Returns the [`numbers`] of a campaign and its failures, in one snapshot: wave, status, error code, number. A failure has the status `code`.
pub(crate) async fn numbers_with_failures(
    on: On<'_>,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<(i64, String, i64, i64)>> {
    const SQL: &str = "
        SELECT wave, 'frozen' AS status, CAST(0 AS BIGINT) AS code, frozen AS n FROM campaign_waves
        WHERE tenant_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT wave, 'cursor' AS status, CAST(0 AS BIGINT) AS code, cursor AS n FROM campaign_waves
        WHERE tenant_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT wave, status, CAST(0 AS BIGINT) AS code, n FROM campaign_counts WHERE tenant_id = $1 AND campaign_id = $2
        UNION ALL
        SELECT wave, 'code' AS status, code, n FROM campaign_failures WHERE tenant_id = $1 AND campaign_id = $2";
    on.sql(SQL, (tenant, campaign)).all().await
}

/// Returns when the first message of a range of a campaign's messages was made.
pub(crate) async fn first_made(
    on: On<'_>,
    (tenant, campaign): (TenantId, CampaignId),
    (first, last): (MessageId, MessageId),
) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "
        SELECT received_at FROM messages WHERE tenant_id = $1 AND id >= $3 AND id <= $4 AND campaign_id = $2 ORDER BY id LIMIT 1";
    let found: Option<(DateTime<Utc>,)> = on.sql(SQL, (tenant, campaign, first, last)).opt().await?;
    Ok(found.map(|(at,)| at))
}
