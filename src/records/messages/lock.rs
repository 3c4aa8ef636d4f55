//! Locks messages before writing anything that follows from them (attempts, sends, statuses), in the order of their ids, so that
//! transactions with several messages in common cannot deadlock. No-op on SQLite, which has one writer.

use crate::{
    db::{Result, Tx},
    domain::{Id, MessageId, TenantId},
    records::lock_order::Stage,
};

/// Locks messages until the end of the transaction.
pub async fn lock(tx: &mut Tx, messages: impl IntoIterator<Item = (TenantId, MessageId)>) -> Result<()> {
    // No planner turns a subquery that locks into a join: each row is found by its key, in the order of the ids.
    const POSTGRES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT o.id
        FROM (SELECT r.tenant_id, r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT m.id FROM messages m WHERE m.tenant_id = k.tenant_id AND m.id = k.id FOR UPDATE) o";
    let rows = messages.into_iter().map(|(tenant, id)| (tenant.uuid(), id.uuid()));
    Stage::Messages.lock(tx, POSTGRES, rows.collect()).await
}
