//! Recurring jobs that check channels at Meta, keyed by channel id.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{ChannelId, TenantId},
};

/// Makes the check due at once. A running check is followed by another: it may have used a token that was replaced since.
pub async fn request(on: impl Into<On<'_>>, channel: ChannelId, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        INSERT INTO channel_checks (id, tenant_id, requested_at, due_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (id) DO UPDATE
        SET requested_at = excluded.requested_at, finished_at = NULL,
            state = CASE channel_checks.state WHEN 'running' THEN 'running' ELSE 'pending' END,
            attempts = CASE channel_checks.state WHEN 'running' THEN channel_checks.attempts ELSE 0 END,
            due_at = CASE channel_checks.state WHEN 'running' THEN channel_checks.due_at ELSE excluded.due_at END";
    on.into().sql(SQL, (channel, tenant, now)).run().await.map(drop)
}

/// Inserts the jobs of channels that have none: the previous version adds channels without one during a rolling update.
pub async fn insert_missing(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO channel_checks (id, tenant_id, requested_at, due_at)
        SELECT c.id, c.tenant_id, $1, $1 FROM channels c
        WHERE NOT EXISTS (SELECT 1 FROM channel_checks o WHERE o.id = c.id)
        ON CONFLICT (id) DO NOTHING";
    on.into().sql(SQL, (now,)).run().await
}

/// Records that the check started at `began` was answered. The next is due at `next`, or at once if one was requested meanwhile.
pub async fn reschedule(
    on: impl Into<On<'_>>,
    channel: ChannelId,
    began: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE channel_checks
        SET state = 'pending', attempts = 0, last_error = NULL,
            due_at = CASE WHEN requested_at > $2 THEN requested_at ELSE $3 END
        WHERE id = $1";
    on.into().sql(SQL, (channel, began, next)).run().await
}
