//! Messages are locked before anything is written that follows from them (attempts, sends, their own standing), the smaller ids first:
//! two transactions that have several of them in common would else wait for each other in a circle. SQLite has one writer.

use crate::{
    db::{Result, Rows, Tx},
    domain::{Id, MessageId, TenantId},
    records::lock_order::Stage,
};

/// Locks messages until the end of the transaction.
pub async fn lock(tx: &mut Tx, messages: impl IntoIterator<Item = (TenantId, MessageId)>) -> Result<()> {
    Stage::Messages.reach(tx);
    // No planner can make a join of a subquery that locks: each row is found by its key, in the order of the ids.
    const POSTGRES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT o.id
        FROM (SELECT r.tenant_id, r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT m.id FROM messages m WHERE m.tenant_id = k.tenant_id AND m.id = k.id FOR UPDATE) o";
    if !tx.is_postgres() {
        return Ok(());
    }
    let rows = messages.into_iter().map(|(tenant, id)| (tenant.uuid(), id.uuid()));
    let locked: Vec<(MessageId,)> = Rows::new(POSTGRES, rows.collect()).all(tx).await?;
    drop(locked);
    Ok(())
}
