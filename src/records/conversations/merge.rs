use crate::{
    db::{Result, Sql, Tx},
    domain::ConversationId,
    records::{contacts::ContactMerge, lock_order::Stage},
};

/// Locks the conversations of both contacts, in the order of their ids. Adds what a conversation of the one shows to that of the other on the
/// same channel.
pub async fn merge(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const POSTGRES_LOCK: &str = "
        SELECT id FROM conversations WHERE contact_id IN ($2, $3) AND tenant_id = $1 ORDER BY id FOR UPDATE";
    const ADD_UP: &str = "
        UPDATE conversations
        SET unread_count = conversations.unread_count + f.unread_count,
            window_expires_at = CASE
                WHEN conversations.window_expires_at IS NULL OR f.window_expires_at > conversations.window_expires_at
                THEN f.window_expires_at ELSE conversations.window_expires_at END,
            last_message_at = CASE WHEN f.newer THEN f.last_message_at ELSE conversations.last_message_at END,
            last_message_wamid = CASE WHEN f.newer THEN f.last_message_wamid ELSE conversations.last_message_wamid END,
            last_message_direction = CASE WHEN f.newer THEN f.last_message_direction ELSE conversations.last_message_direction END,
            last_message_type = CASE WHEN f.newer THEN f.last_message_type ELSE conversations.last_message_type END,
            last_message_text = CASE WHEN f.newer THEN f.last_message_text ELSE conversations.last_message_text END
        FROM (
            SELECT a.*, (a.last_message_at, a.last_message_wamid) > (b.last_message_at, b.last_message_wamid) AS newer,
                b.id AS into_id
            FROM conversations a
            JOIN conversations b ON b.tenant_id = a.tenant_id AND b.channel_id = a.channel_id AND b.contact_id = $3
            WHERE {+}a.tenant_id = $1 AND a.contact_id = $2
        ) f
        WHERE conversations.tenant_id = $1 AND conversations.id = f.into_id";
    Stage::Conversations.reach(tx);
    if tx.is_postgres() {
        let locked: Vec<(ConversationId,)> = tx.sql(POSTGRES_LOCK, (tenant, from, into)).all().await?;
        drop(locked);
    }
    let add_up = Sql::without_index(ADD_UP);
    tx.sql(add_up, (tenant, from, into)).run().await.map(drop)
}

/// Removes the conversations of the one contact that the other has too, and moves the rest. For the end of a merge: until then, tables that name
/// a conversation find their rows through it.
pub(crate) async fn join_merged(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const DROP_JOINED: &str = "
        DELETE FROM conversations
        WHERE {+}tenant_id = $1 AND contact_id = $2
            AND channel_id IN (SELECT channel_id FROM conversations WHERE {+}tenant_id = $1 AND contact_id = $3)";
    const MOVE_REST: &str = "UPDATE conversations SET contact_id = $3 WHERE {+}tenant_id = $1 AND contact_id = $2";
    for sql in [DROP_JOINED, MOVE_REST] {
        tx.sql(Sql::without_index(sql), (tenant, from, into)).run().await?;
    }
    Ok(())
}
