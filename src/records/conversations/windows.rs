use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::ConversationKey;
use crate::{
    db::{On, Result, Rows, Tx},
    domain::{ChannelId, ContactId, ConversationId, Id, TenantId},
    records::lock_order::Stage,
};

/// A conversation whose service window ends soon.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ClosingWindow {
    pub id: ConversationId,
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub window_expires_at: DateTime<Utc>,
}

/// Locks and returns conversations whose window ends after `now` and by `until`, without a notification so far, the first to end first.
/// Locked rows are skipped: the contact may be writing.
pub(crate) async fn lock_closing(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ClosingWindow>> {
    Stage::Conversations.reach(tx);
    macro_rules! closing {
        ($lock:literal) => {
            concat!(
                "SELECT id, tenant_id, channel_id, contact_id, window_expires_at
                FROM conversations
                WHERE window_expires_at > $1 AND window_expires_at <= $2
                    AND (window_notified_for IS NULL OR window_notified_for < window_expires_at)
                ORDER BY window_expires_at
                LIMIT $3",
                $lock
            )
        };
    }
    const SQLITE: &str = closing!("");
    const POSTGRES: &str = closing!(" FOR UPDATE SKIP LOCKED");
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    tx.sql(sql, (now, until, limit)).all().await
}

/// Marks the windows as notified.
pub(crate) async fn mark_notified(tx: &mut Tx, closing: &[ClosingWindow]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, tenant_id, window_at) AS ({rows})
        UPDATE conversations SET window_notified_for = r.window_at
        FROM r
        WHERE conversations.tenant_id = r.tenant_id AND conversations.id = r.id";
    let row = |it: &ClosingWindow| (it.id.uuid(), it.tenant_id.uuid(), it.window_expires_at);
    Rows::new(SQL, closing.iter().map(row).collect()).run(tx.on()).await
}

/// Returns those of the pairs whose service window is open.
pub(crate) async fn open_windows(
    on: On<'_>,
    pairs: &[ConversationKey],
    now: DateTime<Utc>,
) -> Result<HashSet<(ChannelId, ContactId)>> {
    // Each conversation is looked up by its pair in a subquery, which no planner turns into a join.
    const SQL: &str = "
        WITH r (tenant_id, channel_id, contact_id, now) AS ({rows})
        SELECT r.channel_id, r.contact_id
        FROM r
        WHERE (SELECT CASE WHEN c.tenant_id = r.tenant_id THEN c.window_expires_at END FROM conversations c
            WHERE c.contact_id = r.contact_id AND c.channel_id = r.channel_id) > r.now";
    let row = |pair: &ConversationKey| (pair.tenant.uuid(), pair.channel.uuid(), pair.contact.uuid(), now);
    let open: Vec<(ChannelId, ContactId)> = Rows::new(SQL, pairs.iter().map(row).collect()).all(on).await?;
    Ok(open.into_iter().collect())
}
