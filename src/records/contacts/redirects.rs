//! Contacts and conversations that were merged into others: their ids lead on.

use chrono::{DateTime, Utc};

use super::ContactMerge;
use crate::{
    db::{On, Result, Tx},
    domain::{ContactId, ConversationId, TenantId},
};

/// Lets the ids of a merged contact, and of its conversations that the other contact has too, lead to what they became. For the end of a
/// merge, before anything is deleted.
pub(super) async fn write(tx: &mut Tx, merge: ContactMerge, now: DateTime<Utc>) -> Result<()> {
    const OLDER: &str = "UPDATE contact_redirects SET into_id = $3 WHERE tenant_id = $1 AND into_id = $2";
    const CONTACT: &str = "INSERT INTO contact_redirects (tenant_id, old_id, into_id, at) VALUES ($1, $2, $3, $4)";
    const PAIRS: &str = "
        SELECT a.id, b.id
        FROM conversations a JOIN conversations b ON b.contact_id = $3 AND b.channel_id = a.channel_id AND b.tenant_id = a.tenant_id
        WHERE a.contact_id = $2 AND a.tenant_id = $1";
    const OLDER_CONVERSATIONS: &str =
        "UPDATE conversation_redirects SET into_id = $3 WHERE tenant_id = $1 AND into_id = $2";
    const CONVERSATION: &str =
        "INSERT INTO conversation_redirects (tenant_id, old_id, into_id, at) VALUES ($1, $2, $3, $4)";
    let ContactMerge { tenant, from, into } = merge;
    tx.sql(OLDER, (tenant, from, into)).run().await?;
    tx.sql(CONTACT, (tenant, from, into, now)).run().await?;
    let joined: Vec<(ConversationId, ConversationId)> = tx.sql(PAIRS, (tenant, from, into)).all().await?;
    for (old, new) in joined {
        tx.sql(OLDER_CONVERSATIONS, (tenant, old, new)).run().await?;
        tx.sql(CONVERSATION, (tenant, old, new, now)).run().await?;
    }
    Ok(())
}

/// Returns the contact that a contact was merged into.
pub async fn redirect(on: On<'_>, tenant: TenantId, old: ContactId) -> Result<Option<ContactId>> {
    const SQL: &str = "SELECT into_id FROM contact_redirects WHERE tenant_id = $1 AND old_id = $2";
    let found: Option<(ContactId,)> = on.sql(SQL, (tenant, old)).opt().await?;
    Ok(found.map(|(id,)| id))
}

/// Returns the conversation that a conversation was merged into.
pub async fn redirect_conversation(
    on: On<'_>,
    tenant: TenantId,
    old: ConversationId,
) -> Result<Option<ConversationId>> {
    const SQL: &str = "SELECT into_id FROM conversation_redirects WHERE tenant_id = $1 AND old_id = $2";
    let found: Option<(ConversationId,)> = on.sql(SQL, (tenant, old)).opt().await?;
    Ok(found.map(|(id,)| id))
}
