//! Counts over the whole installation, and lookups of given messages and statuses: for comparison with another ledger.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, Id, TenantId},
};

/// Counts over the whole installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    pub stored: i64,
    pub waiting: i64,
    /// Dead, quarantined or discarded.
    pub set_aside: i64,
    /// When the oldest waiting event was received.
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    pub conversations: i64,
    pub messages: i64,
    /// Messages not sent yet.
    pub unsent: i64,
    /// Attempts whose outcome is open or unknown.
    pub undecided: i64,
}

/// Counts everything. The duration grows with the database: for demonstrations, not for metrics.
pub async fn tally(on: On<'_>) -> Result<Tally> {
    const SQL: &str = "
        SELECT
            (SELECT COUNT(*) FROM raw_events) AS stored,
            (SELECT COUNT(*) FROM raw_events WHERE state IN ('pending', 'running')) AS waiting,
            (SELECT COUNT(*) FROM raw_events WHERE state IN ('dead', 'quarantined', 'discarded')) AS set_aside,
            (SELECT MIN(received_at) FROM raw_events WHERE state IN ('pending', 'running')) AS oldest_waiting_at,
            (SELECT COUNT(*) FROM conversations) AS conversations,
            (SELECT COUNT(*) FROM messages) AS messages,
            (SELECT COUNT(*) FROM sends WHERE state IN ('pending', 'running')) AS unsent,
            (SELECT COUNT(*) FROM send_attempts WHERE outcome IN ('open', 'unknown')) AS undecided";
    on.sql(SQL, ()).one().await
}

/// Counts the webhooks stored since the given id.
pub async fn stored_since(on: On<'_>, id: Uuid) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM raw_events WHERE id >= $1";
    let (count,) = on.sql(SQL, (id,)).one::<(i64,)>().await?;
    Ok(count)
}

/// Returns the messages that are stored.
pub async fn known_messages(
    on: On<'_>,
    tenant: TenantId,
    channel: ChannelId,
    wamids: &[&str],
) -> Result<Vec<(String,)>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, wamid) AS ({rows})
        SELECT m.wamid
        FROM r JOIN messages m ON m.channel_id = r.channel_id AND m.wamid = r.wamid AND m.tenant_id = r.tenant_id";
    let row = |wamid: &&str| (tenant.uuid(), channel.uuid(), (*wamid).to_owned());
    Rows::new(SQL, wamids.iter().map(row).collect()).all(on).await
}

/// Returns the messages that one of our attempts is known to have delivered to Meta.
pub async fn known_sends(on: On<'_>, tenant: TenantId, channel: ChannelId, wamids: &[&str]) -> Result<Vec<(String,)>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, wamid) AS ({rows})
        SELECT a.wamid
        FROM r JOIN send_attempts a ON a.channel_id = r.channel_id AND a.wamid = r.wamid AND a.tenant_id = r.tenant_id";
    let row = |wamid: &&str| (tenant.uuid(), channel.uuid(), (*wamid).to_owned());
    Rows::new(SQL, wamids.iter().map(row).collect()).all(on).await
}

/// Wamid, status and Meta's time.
pub type StatusKey = (String, String, DateTime<Utc>);

/// Returns the statuses that are stored, of any group member.
pub async fn known_statuses(
    on: On<'_>,
    tenant: TenantId,
    channel: ChannelId,
    statuses: &[StatusKey],
) -> Result<Vec<StatusKey>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, wamid, status, occurred_at) AS ({rows})
        SELECT DISTINCT s.wamid, s.status, s.occurred_at
        FROM r JOIN message_statuses s ON s.channel_id = r.channel_id AND s.wamid = r.wamid AND s.status = r.status
            AND s.occurred_at = r.occurred_at AND s.tenant_id = r.tenant_id";
    let row = |(wamid, status, at): &StatusKey| (tenant.uuid(), channel.uuid(), wamid.clone(), status.clone(), *at);
    Rows::new(SQL, statuses.iter().map(row).collect()).all(on).await
}
