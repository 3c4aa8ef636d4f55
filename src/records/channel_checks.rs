//! Recurring jobs that check channels at Meta, keyed by channel id.

use chrono::{DateTime, Utc};

use crate::{
    db::{Db, On, Result},
    domain::{ChannelId, TenantId},
    queue::{
        Queue, Recurring,
        recurring::{self, RecurringRow},
    },
};

/// Recurring checks of channels.
pub(crate) const CHECKS: Queue = Queue::new("checks", "channel_checks").recurring(Recurring::by_id());

/// Makes the check due at once. A running check is followed by another: it may have used a token that was replaced since.
pub async fn request(on: On<'_>, channel: ChannelId, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    recurring::request(on, &CHECKS, RecurringRow::new(channel, tenant), now, now).await
}

/// Removes the job of a channel.
pub(crate) async fn remove(on: On<'_>, channel: ChannelId, tenant: TenantId) -> Result<u64> {
    const SQL: &str = "DELETE FROM channel_checks WHERE id = $1 AND tenant_id = $2";
    on.sql(SQL, (channel, tenant)).run().await
}

/// Inserts the jobs of channels that have none: the previous version adds channels without one during a rolling update.
pub(crate) async fn insert_missing(db: &Db, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        SELECT c.id, c.tenant_id FROM channels c
        WHERE c.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM channel_checks o WHERE o.id = c.id)";
    let missing: Vec<(ChannelId, TenantId)> = db.reader().sql(SQL, ()).all().await?;
    let row = |&(channel, tenant): &(ChannelId, TenantId)| RecurringRow::new(channel, tenant);
    let rows: Vec<RecurringRow> = missing.iter().map(row).collect();
    recurring::ensure(db.writer(), &CHECKS, &rows, now, now).await.map(drop)
}
