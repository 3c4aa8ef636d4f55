//! Messages are locked before anything is written that follows from them (attempts, sends, their own standing), the smaller ids first:
//! two transactions that have several of them in common would else wait for each other in a circle. SQLite has one writer.

use super::Key;
use crate::{
    db::{Result, Rows, Tx},
    domain::{AttemptId, Id, MessageId, TenantId},
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

/// Locks the messages that these attempts are of, and those that Meta names so.
pub async fn lock_told(tx: &mut Tx, attempts: &[AttemptId], keys: &[Key]) -> Result<()> {
    const OF_ATTEMPTS_POSTGRES: &str = "
        WITH r (id) AS ({rows})
        SELECT a.tenant_id, a.message_id FROM r JOIN send_attempts a ON a.id = r.id";
    const OF_KEYS_POSTGRES: &str = "
        WITH r (channel_id, wamid) AS ({rows})
        SELECT m.tenant_id, m.id FROM r JOIN messages m ON m.channel_id = r.channel_id AND m.wamid = r.wamid";
    if !tx.is_postgres() {
        return Ok(());
    }
    let rows = attempts.iter().map(|id| (id.uuid(),)).collect();
    let mut messages: Vec<(TenantId, MessageId)> = Rows::new(OF_ATTEMPTS_POSTGRES, rows).all(&mut *tx).await?;
    let rows = keys.iter().map(|key| (key.channel.uuid(), key.wamid.clone())).collect();
    messages.extend(
        Rows::new(OF_KEYS_POSTGRES, rows)
            .all::<(TenantId, MessageId)>(&mut *tx)
            .await?,
    );
    messages.sort();
    messages.dedup();
    lock(tx, messages).await
}
