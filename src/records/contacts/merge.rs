//! Merges two contacts that turn out to be one person: a message carries the phone number of one and the user id of the other.

use std::collections::BTreeSet;

use crate::{
    db::{Result, Sql, Tx},
    domain::{ContactId, ConversationId, Id, MessageId, TenantId},
    records::{
        lock_order::Stage,
        portfolios::{self, PortfolioKey},
    },
};

/// Moves everything of `from` to `into` and deletes `from`. The caller holds the tenant's exclusive merge lock. Portfolios, conversations
/// and messages are locked in the lock order.
pub async fn merge(tx: &mut Tx, tenant: TenantId, from: ContactId, into: ContactId) -> Result<()> {
    count_once(tx, tenant, from, into).await?;
    lock_both(tx, tenant, from, into).await?;
    const JOIN_CONVERSATIONS: &str = "
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
    const MOVE_MESSAGES: &str = "
        UPDATE messages SET conversation_id = pairs.into_id
        FROM (
            SELECT a.id AS from_id, b.id AS into_id
            FROM conversations a
            JOIN conversations b ON b.tenant_id = a.tenant_id AND b.channel_id = a.channel_id AND b.contact_id = $3
            WHERE {+}a.tenant_id = $1 AND a.contact_id = $2
        ) pairs
        WHERE {+}messages.tenant_id = $1 AND messages.conversation_id = pairs.from_id";
    const DROP_JOINED: &str = "
        DELETE FROM conversations
        WHERE {+}tenant_id = $1 AND contact_id = $2
            AND channel_id IN (SELECT channel_id FROM conversations WHERE {+}tenant_id = $1 AND contact_id = $3)";
    const MOVE_REST: &str = "UPDATE conversations SET contact_id = $3 WHERE {+}tenant_id = $1 AND contact_id = $2";
    // Messages that the contact wrote are in the contact's own conversations, found through those, and in groups.
    const MOVE_AUTHORSHIP: &str = "
        UPDATE messages SET contact_id = $3
        WHERE {+}tenant_id = $1 AND contact_id = $2 AND conversation_id IN (
            SELECT c.id FROM conversations c WHERE {+}c.tenant_id = $1 AND c.contact_id = $2)";
    const MOVE_IN_GROUPS: &str = "
        UPDATE messages SET contact_id = $3 WHERE {+}tenant_id = $1 AND contact_id = $2 AND in_group";
    const MOVE_IDENTITIES: &str =
        "UPDATE contact_identities SET contact_id = $3 WHERE tenant_id = $1 AND contact_id = $2";
    const KEEP_NAME: &str = "
        UPDATE contacts SET name = f.name, name_at = f.name_at
        FROM (SELECT name, name_at FROM contacts WHERE tenant_id = $1 AND id = $2) f
        WHERE contacts.tenant_id = $1 AND contacts.id = $3 AND f.name_at IS NOT NULL
            AND (contacts.name_at IS NULL OR contacts.name_at < f.name_at
                OR (contacts.name_at = f.name_at AND contacts.name < f.name))";
    const KEEP_PREFERENCE: &str = "
        UPDATE contacts SET marketing_stopped = f.marketing_stopped, marketing_at = f.marketing_at
        FROM (SELECT marketing_stopped, marketing_at FROM contacts WHERE tenant_id = $1 AND id = $2) f
        WHERE contacts.tenant_id = $1 AND contacts.id = $3 AND f.marketing_at IS NOT NULL
            AND (contacts.marketing_at IS NULL OR contacts.marketing_at < f.marketing_at)";
    const MOVE_BLOCKS: &str = "
        UPDATE blocks SET contact_id = $3
        WHERE tenant_id = $1 AND contact_id = $2
            AND channel_id NOT IN (SELECT channel_id FROM blocks WHERE tenant_id = $1 AND contact_id = $3)";
    const DROP_BLOCKS: &str = "DELETE FROM blocks WHERE tenant_id = $1 AND contact_id = $2 AND contact_id <> $3";
    for sql in [
        MOVE_AUTHORSHIP,
        MOVE_IN_GROUPS,
        JOIN_CONVERSATIONS,
        MOVE_MESSAGES,
        DROP_JOINED,
        MOVE_REST,
        MOVE_IDENTITIES,
        KEEP_NAME,
        KEEP_PREFERENCE,
        MOVE_BLOCKS,
        DROP_BLOCKS,
    ] {
        tx.sql(Sql::without_index(sql), (tenant, from, into)).run().await?;
    }
    tx.sql("DELETE FROM contacts WHERE tenant_id = $1 AND id = $2", (tenant, from))
        .run()
        .await
        .map(drop)
}

/// Makes a contact that counted twice against a daily limit count once, as of the later message.
async fn count_once(tx: &mut Tx, tenant: TenantId, from: ContactId, into: ContactId) -> Result<()> {
    const OF: &str = "SELECT DISTINCT portfolio FROM portfolio_recipients WHERE contact_id = $2 AND tenant_id = $1";
    const LATER: &str = "
        UPDATE portfolio_recipients
        SET sends = portfolio_recipients.sends + f.sends,
            last_at = CASE WHEN f.last_at > portfolio_recipients.last_at THEN f.last_at ELSE portfolio_recipients.last_at END
        FROM (SELECT portfolio, sends, last_at FROM portfolio_recipients WHERE contact_id = $2 AND tenant_id = $1) f
        WHERE portfolio_recipients.contact_id = $3 AND portfolio_recipients.tenant_id = $1
            AND portfolio_recipients.portfolio = f.portfolio";
    const TWICE: &str = "
        DELETE FROM portfolio_recipients
        WHERE contact_id = $2 AND tenant_id = $1
            AND portfolio IN (SELECT portfolio FROM portfolio_recipients WHERE contact_id = $3 AND tenant_id = $1)
        RETURNING portfolio";
    const MOVE: &str = "UPDATE portfolio_recipients SET contact_id = $3 WHERE contact_id = $2 AND tenant_id = $1";
    let counted: Vec<(String,)> = tx.sql(OF, (tenant, from)).all().await?;
    if counted.is_empty() {
        return Ok(());
    }
    portfolios::lock(tx, counted.iter().map(|(portfolio,)| portfolio.as_str())).await?;
    tx.sql(LATER, (tenant, from, into)).run().await?;
    let twice: Vec<(String,)> = tx.sql(TWICE, (tenant, from, into)).all().await?;
    tx.sql(MOVE, (tenant, from, into)).run().await?;
    let fewer = twice
        .into_iter()
        .map(|(portfolio,)| (PortfolioKey { portfolio, tenant }, -1));
    portfolios::add(tx, &fewer.collect()).await
}

/// Locks contacts until the end of the transaction, in the order of their ids. No-op on SQLite, which has one writer.
pub async fn lock(tx: &mut Tx, contacts: impl Iterator<Item = ContactId>) -> Result<()> {
    const POSTGRES: &str = "
        WITH r (id) AS ({rows})
        SELECT o.id
        FROM (SELECT r.id FROM r ORDER BY r.id) k CROSS JOIN LATERAL (
            SELECT c.id FROM contacts c WHERE c.id = k.id FOR UPDATE) o";
    let rows: BTreeSet<_> = contacts.map(|id| (id.uuid(),)).collect();
    Stage::Contacts.lock(tx, POSTGRES, rows.into_iter().collect()).await
}

/// Returns whether both contacts still exist.
pub async fn both_exist(tx: &mut Tx, tenant: TenantId, one: ContactId, other: ContactId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM contacts WHERE tenant_id = $1 AND id IN ($2, $3)";
    let (count,): (i64,) = tx.sql(SQL, (tenant, one, other)).one().await?;
    Ok(count == 2)
}

/// Locks the contacts, their conversations and messages, in the order of their ids. No-op on SQLite, which has one writer.
async fn lock_both(tx: &mut Tx, tenant: TenantId, from: ContactId, into: ContactId) -> Result<()> {
    const CONVERSATIONS_POSTGRES: &str = "
        SELECT id FROM conversations WHERE contact_id IN ($2, $3) AND tenant_id = $1 ORDER BY id FOR UPDATE";
    const MESSAGES_POSTGRES: &str = "
        SELECT id FROM messages
        WHERE tenant_id = $1 AND conversation_id IN (
            SELECT c.id FROM conversations c WHERE c.contact_id = $2 AND c.tenant_id = $1)
        ORDER BY id FOR UPDATE";
    if !tx.is_postgres() {
        return Ok(());
    }
    lock(tx, [from, into].into_iter()).await?;
    Stage::Conversations.reach(tx);
    let conversations: Vec<(ConversationId,)> = tx.sql(CONVERSATIONS_POSTGRES, (tenant, from, into)).all().await?;
    drop(conversations);
    Stage::Messages.reach(tx);
    let messages: Vec<(MessageId,)> = tx.sql(MESSAGES_POSTGRES, (tenant, from)).all().await?;
    drop(messages);
    Ok(())
}
