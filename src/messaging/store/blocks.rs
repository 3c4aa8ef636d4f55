//! Contacts that a business has blocked, per channel.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows, Tx},
    domain::{ChannelId, ContactId, Id, TenantId},
    records::contacts::ContactMerge,
};

/// A contact and the channel that they are blocked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::FromRow)]
pub(crate) struct BlockedContact {
    #[sqlx(rename = "tenant_id")]
    pub tenant: TenantId,
    #[sqlx(rename = "channel_id")]
    pub channel: ChannelId,
    #[sqlx(rename = "contact_id")]
    pub contact: ContactId,
}

/// Stores blocks and returns the new ones.
pub(crate) async fn add(on: On<'_>, blocks: &[BlockedContact], now: DateTime<Utc>) -> Result<Vec<BlockedContact>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id, at) AS ({rows})
        INSERT INTO blocks (tenant_id, channel_id, contact_id, created_at)
        SELECT tenant_id, channel_id, contact_id, at FROM r
        WHERE true
        ON CONFLICT DO NOTHING
        RETURNING tenant_id, channel_id, contact_id";
    let row = |it: &BlockedContact| (it.tenant.uuid(), it.channel.uuid(), it.contact.uuid(), now);
    Rows::new(SQL, blocks.iter().map(row).collect()).all(on).await
}

/// Deletes blocks and returns those that existed.
pub(crate) async fn remove(on: On<'_>, blocks: &[BlockedContact]) -> Result<Vec<BlockedContact>> {
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id) AS ({rows})
        DELETE FROM blocks
        WHERE (tenant_id, channel_id, contact_id) IN (SELECT tenant_id, channel_id, contact_id FROM r)
        RETURNING tenant_id, channel_id, contact_id";
    let row = |it: &BlockedContact| (it.tenant.uuid(), it.channel.uuid(), it.contact.uuid());
    Rows::new(SQL, blocks.iter().map(row).collect()).all(on).await
}

/// Returns the pairs that are blocked.
pub(crate) async fn among(on: On<'_>, pairs: &[BlockedContact]) -> Result<Vec<(ChannelId, ContactId)>> {
    const SQL: &str = "
        WITH r (channel_id, contact_id, tenant_id) AS ({rows})
        SELECT b.channel_id, b.contact_id
        FROM r CROSS JOIN blocks b
        WHERE b.channel_id = r.channel_id AND b.contact_id = r.contact_id AND b.tenant_id = r.tenant_id";
    let row = |it: &BlockedContact| (it.channel.uuid(), it.contact.uuid(), it.tenant.uuid());
    Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await
}

/// Moves the blocks of one contact to the other; a channel that blocked both blocks the other once.
pub async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const MOVE: &str = "
        UPDATE blocks SET contact_id = $3
        WHERE tenant_id = $1 AND contact_id = $2
            AND channel_id NOT IN (SELECT channel_id FROM blocks WHERE tenant_id = $1 AND contact_id = $3)";
    const DROP: &str = "DELETE FROM blocks WHERE tenant_id = $1 AND contact_id = $2";
    tx.sql(MOVE, (tenant, from, into)).run().await?;
    tx.sql(DROP, (tenant, from)).run().await.map(drop)
}

/// Returns the channels that a contact is blocked on.
pub async fn of_contact(on: On<'_>, tenant: TenantId, contact: ContactId) -> Result<Vec<ChannelId>> {
    const SQL: &str = "SELECT channel_id FROM blocks WHERE contact_id = $2 AND tenant_id = $1 ORDER BY channel_id";
    let found: Vec<(ChannelId,)> = on.sql(SQL, (tenant, contact)).all().await?;
    Ok(found.into_iter().map(|(channel,)| channel).collect())
}
