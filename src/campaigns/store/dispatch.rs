//! Sends of campaigns: how many are under way, what holds them, and what became of the last.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{CampaignId, ChannelId, ConversationId, HoldReason, Id, MessageId, Status, TenantId},
    queue::Lease,
};

/// Returns the tenant of a campaign, by its dispatch job.
pub(crate) async fn tenant_of(on: On<'_>, id: CampaignId) -> Result<Option<TenantId>> {
    const SQL: &str = "SELECT tenant_id FROM campaign_jobs WHERE id = $1";
    let found: Option<(TenantId,)> = on.sql(SQL, (id,)).opt().await?;
    Ok(found.map(|(tenant,)| tenant))
}

/// Removes the dispatch job of a campaign that has ended, if the lease still holds.
pub(crate) async fn remove_job(on: On<'_>, lease: Lease) -> Result<u64> {
    const SQL: &str = "DELETE FROM campaign_jobs WHERE id = $1 AND state || '' = 'running' AND attempts = $2";
    on.sql(SQL, (lease.id, lease.attempt)).run().await
}

/// Counts the campaign sends of a channel that are due by a time, of one campaign or all, up to `most`.
pub(crate) async fn count_due(
    on: On<'_>,
    channel: ChannelId,
    campaign: Option<CampaignId>,
    by: DateTime<Utc>,
    most: i64,
) -> Result<i64> {
    const ALL: &str = "
        SELECT COUNT(*) FROM (
            SELECT 1 AS one FROM sends
            WHERE channel_id = $1 AND lane = 2 AND finished_at IS NULL AND state || '' IN ('pending', 'running') AND due_at <= $2
            LIMIT $3) AS due";
    const OF_ONE: &str = "
        SELECT COUNT(*) FROM (
            SELECT 1 AS one FROM sends
            WHERE channel_id = $1 AND lane = 2 AND finished_at IS NULL AND state || '' IN ('pending', 'running') AND due_at <= $2
                AND campaign_id = $4
            LIMIT $3) AS due";
    let (count,): (i64,) = match campaign {
        None => on.sql(ALL, (channel, by, most)).one().await?,
        Some(campaign) => on.sql(OF_ONE, (channel, by, most, campaign)).one().await?,
    };
    Ok(count)
}

/// Counts the running campaigns that have recipients left for a channel.
pub(crate) async fn count_sharing(on: On<'_>, tenant: TenantId, channel: ChannelId) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM campaigns c
        WHERE c.tenant_id = $1 AND c.status = 'running' AND EXISTS (
            SELECT 1 FROM campaign_waves w
            WHERE w.tenant_id = c.tenant_id AND w.campaign_id = c.id AND w.channel_id = $2 AND w.cursor < w.frozen)";
    let (count,): (i64,) = on.sql(SQL, (tenant, channel)).one().await?;
    Ok(count)
}

/// Returns the reason for which sends of a channel are held that further ones would be held for too.
pub(crate) async fn held_reason(on: On<'_>, channel: ChannelId) -> Result<Option<HoldReason>> {
    const SQL: &str = "
        SELECT held FROM sends
        WHERE channel_id = $1 AND held IN ('breaker', 'campaigns', 'daily_limit', 'provider_unreachable') LIMIT 1";
    let found: Option<(HoldReason,)> = on.sql(SQL, (channel,)).opt().await?;
    Ok(found.map(|(held,)| held))
}

/// Returns the statuses and error codes of the last messages of a range of ids, made since a time, of which Meta has told something: up to
/// 100.
pub(crate) async fn outcomes_of_last(
    on: On<'_>,
    tenant: TenantId,
    [from, before]: [MessageId; 2],
    since: DateTime<Utc>,
) -> Result<Vec<(Status, Option<i64>)>> {
    const SQL: &str = "
        SELECT status, error_code FROM messages
        WHERE tenant_id = $1 AND id >= $2 AND id < $3 AND status_rank >= 20 AND received_at >= $4
        ORDER BY id DESC LIMIT 100";
    on.sql(SQL, (tenant, from, before, since)).all().await
}

/// Returns whether sends of a channel are held because their campaign was paused.
pub(crate) async fn has_paused(on: On<'_>, channel: ChannelId, campaign: CampaignId) -> Result<bool> {
    const SQL: &str = "
        SELECT id FROM sends WHERE channel_id = $1 AND held = 'campaign_paused' AND campaign_id = $2 LIMIT 1";
    let found: Option<(Uuid,)> = on.sql(SQL, (channel, campaign)).opt().await?;
    Ok(found.is_some())
}

/// Returns the campaigns of all tenants that have begun and not ended, and have no dispatch job.
pub(crate) async fn without_job(on: On<'_>) -> Result<Vec<(CampaignId, TenantId)>> {
    const SQL: &str = "
        SELECT c.id, c.tenant_id FROM campaigns c
        WHERE c.status IN ('scheduled', 'running', 'paused', 'canceling')
            AND NOT EXISTS (SELECT 1 FROM campaign_jobs j WHERE j.id = c.id)";
    on.sql(SQL, ()).all().await
}

/// Makes sends due that were held while their campaign was paused, and returns them. Those of messages without proof stay until there is
/// some.
pub(crate) async fn release_paused(
    on: On<'_>,
    channel: ChannelId,
    campaign: CampaignId,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $4, expires_at = $3, last_error = NULL
        WHERE channel_id = $1 AND held = 'campaign_paused' AND state || '' = 'quarantined' AND campaign_id = $2
        RETURNING id";
    let released: Vec<(Uuid,)> = on.sql(SQL, (channel, campaign, expires_at, now)).all().await?;
    Ok(released.into_iter().map(|(id,)| id).collect())
}

/// Returns sends of a campaign that wait, in the order of their ids.
pub(crate) async fn waiting_of(
    on: On<'_>,
    channel: ChannelId,
    campaign: CampaignId,
    after: MessageId,
    limit: i64,
) -> Result<Vec<MessageId>> {
    const SQL: &str = "
        SELECT id FROM (
            SELECT id FROM sends
            WHERE channel_id = $1 AND campaign_id = $2 AND finished_at IS NULL AND state || '' = 'pending'
            UNION ALL
            SELECT id FROM sends
            WHERE channel_id = $1 AND campaign_id = $2 AND state = 'quarantined' AND held <> 'unknown'
        ) AS waiting
        WHERE id > $3 ORDER BY id LIMIT $4";
    let rows: Vec<(MessageId,)> = on.sql(SQL, (channel, campaign, after, limit)).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns whether a campaign has sends on a channel that a worker will come back to.
pub(crate) async fn has_unfinished(on: On<'_>, channel: ChannelId, campaign: CampaignId) -> Result<bool> {
    const SQL: &str = "
        SELECT id FROM sends
        WHERE channel_id = $1 AND lane = 2 AND finished_at IS NULL AND state || '' IN ('pending', 'running') AND campaign_id = $2
        LIMIT 1";
    let found: Option<(Uuid,)> = on.sql(SQL, (channel, campaign)).opt().await?;
    Ok(found.is_some())
}

/// Notes the campaign messages that conversations got last.
pub(crate) async fn remember_messages(
    on: On<'_>,
    tenant: TenantId,
    sent: &[(ConversationId, MessageId)],
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, id, message_id, at) AS ({rows})
        UPDATE conversations SET campaign_message_id = r.message_id, campaign_message_at = r.at
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id";
    let row = |(conversation, message): &(ConversationId, MessageId)| {
        (tenant.uuid(), conversation.uuid(), message.uuid(), now)
    };
    Rows::new(SQL, sent.iter().map(row).collect()).run(on).await.map(drop)
}
