//! Messages are locked before anything is written that follows from them (attempts, sends, their own standing), the smaller ids first:
//! two transactions that have several of them in common would else wait for each other in a circle. SQLite has one writer.

use crate::{
    db::{Result, Rows, Tx},
    domain::{Id, MessageId, TenantId},
};

/// Locks messages until the end of the transaction.
pub async fn lock(tx: &mut Tx, messages: impl IntoIterator<Item = (TenantId, MessageId)>) -> Result<()> {
    const POSTGRES: &str = "
        WITH r (tenant_id, id) AS ({rows})
        SELECT m.id FROM r JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.id
        ORDER BY m.id
        FOR UPDATE OF m";
    if !tx.is_postgres() {
        return Ok(());
    }
    let rows = messages.into_iter().map(|(tenant, id)| (tenant.uuid(), id.uuid()));
    let locked: Vec<(MessageId,)> = Rows::new(POSTGRES, rows.collect()).all(tx).await?;
    drop(locked);
    Ok(())
}
