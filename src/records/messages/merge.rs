use crate::{
    db::{Result, Sql, Tx},
    domain::MessageId,
    records::{contacts::ContactMerge, lock_order::Stage},
};

/// Moves the messages of one contact to the other: what they wrote, and the messages of conversations that are going to be joined. Locks the
/// messages in the order of their ids.
pub async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const POSTGRES_LOCK: &str = "
        SELECT id FROM messages
        WHERE tenant_id = $1 AND conversation_id IN (
            SELECT c.id FROM conversations c WHERE c.contact_id = $2 AND c.tenant_id = $1)
        ORDER BY id FOR UPDATE";
    // Messages that the contact wrote are in the contact's own conversations, found through those, and in groups.
    const MOVE_AUTHORSHIP: &str = "
        UPDATE messages SET contact_id = $3
        WHERE {+}tenant_id = $1 AND contact_id = $2 AND conversation_id IN (
            SELECT c.id FROM conversations c WHERE {+}c.tenant_id = $1 AND c.contact_id = $2)";
    const MOVE_IN_GROUPS: &str = "
        UPDATE messages SET contact_id = $3 WHERE {+}tenant_id = $1 AND contact_id = $2 AND in_group";
    const MOVE_TO_JOINED: &str = "
        UPDATE messages SET conversation_id = pairs.into_id
        FROM (
            SELECT a.id AS from_id, b.id AS into_id
            FROM conversations a
            JOIN conversations b ON b.tenant_id = a.tenant_id AND b.channel_id = a.channel_id AND b.contact_id = $3
            WHERE {+}a.tenant_id = $1 AND a.contact_id = $2
        ) pairs
        WHERE {+}messages.tenant_id = $1 AND messages.conversation_id = pairs.from_id";
    Stage::Messages.reach(tx);
    if tx.is_postgres() {
        let locked: Vec<(MessageId,)> = tx.sql(POSTGRES_LOCK, (tenant, from)).all().await?;
        drop(locked);
    }
    for sql in [MOVE_AUTHORSHIP, MOVE_IN_GROUPS, MOVE_TO_JOINED] {
        tx.sql(Sql::without_index(sql), (tenant, from, into)).run().await?;
    }
    Ok(())
}
