//! What the program itself has said in conversations.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ConversationId, Id, TenantId},
};

/// Returns those of the texts that the program has sent to their conversations after `since`.
pub(crate) async fn texts_since(
    on: On<'_>,
    texts: &[(TenantId, ConversationId, &str)],
    since: DateTime<Utc>,
) -> Result<Vec<(ConversationId, String)>> {
    const SQL: &str = "
        WITH r (tenant_id, conversation_id, text, since) AS ({rows})
        SELECT r.conversation_id, r.text
        FROM r CROSS JOIN messages m
        WHERE m.conversation_id = r.conversation_id AND m.sent_at > r.since AND m.tenant_id = r.tenant_id
            AND m.direction = 'outbound' AND m.created_by = 'system' AND m.text = r.text";
    let row = |(tenant, conversation, text): &(TenantId, ConversationId, &str)| {
        (tenant.uuid(), conversation.uuid(), (*text).to_owned(), since)
    };
    Rows::new(SQL, texts.iter().map(row).collect()).all(on).await
}
