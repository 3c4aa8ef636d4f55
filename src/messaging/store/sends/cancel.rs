//! Cancels sends.

use chrono::{DateTime, Utc};

use crate::{
    db::{KeyedRows, On, Result, Rows, Tx, conflict_error},
    domain::{ChannelId, ContactId, ConversationId, Id, MessageId, Status, TenantId},
    records::{campaigns::MovedStatuses, messages::Labels},
};

/// A canceled message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Canceled {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    #[sqlx(flatten)]
    pub labels: Labels,
}

/// Cancels messages, except those with a call that was made or is being made, and returns the canceled ones. The caller has locked the
/// messages.
pub async fn cancel(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[MessageId],
    now: DateTime<Utc>,
    moved: &mut MovedStatuses,
) -> Result<Vec<Canceled>> {
    const SENDS: &str = "
        WITH r (id, tenant_id, at) AS ({rows})
        UPDATE sends SET state = 'done', held = NULL, not_before = NULL, finished_at = r.at {FROM r}
        WHERE {sends.id = r.id} AND sends.tenant_id = r.tenant_id
            AND sends.state IN ('pending', 'quarantined', 'dead', 'discarded')
            AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status <> 'queued')
        RETURNING sends.id";
    const MESSAGES: &str = "
        WITH r (id, tenant_id, status, status_rank) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status = 'queued'
        RETURNING messages.id, messages.channel_id, messages.conversation_id, messages.contact_id,
            messages.reference, messages.metadata";
    let send = |id: &MessageId| (id.uuid(), tenant.uuid(), now);
    let ended: Vec<(MessageId,)> = KeyedRows::new(SENDS, ids.iter().map(send).collect())
        .all(tx.on())
        .await?;
    let (status, rank) = (Status::Canceled.as_str(), Status::Canceled.rank());
    let message = |(id,): &(MessageId,)| (id.uuid(), tenant.uuid(), status.to_owned(), rank);
    moved.note(tx.on(), ended.iter().map(|(id,)| (tenant, *id))).await?;
    let canceled: Vec<Canceled> = Rows::new(MESSAGES, ended.iter().map(message).collect())
        .all(tx.on())
        .await?;
    match canceled.len() == ended.len() {
        true => Ok(canceled),
        false => Err(conflict_error()),
    }
}

/// Returns sends of a channel that wait, in the order of their ids.
pub(crate) async fn waiting_of(
    on: On<'_>,
    tenant: TenantId,
    channel: ChannelId,
    after: Option<MessageId>,
    limit: i64,
) -> Result<Vec<MessageId>> {
    const SQL: &str = "
        SELECT id FROM (
            SELECT id FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND finished_at IS NULL AND state || '' = 'pending'
            UNION ALL
            SELECT id FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND state = 'quarantined'
        ) AS waiting
        WHERE id > $3 ORDER BY id LIMIT $4";
    let after = after.unwrap_or(MessageId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<(MessageId,)> = on.sql(SQL, (tenant, channel, after, limit)).all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns the statuses of a tenant's messages that exist.
pub async fn statuses(tx: &mut Tx, tenant: TenantId, ids: &[MessageId]) -> Result<Vec<(MessageId, String)>> {
    const SQL: &str = "
        WITH r (id, tenant_id) AS ({rows})
        SELECT m.id, m.status FROM r JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.id";
    let row = |id: &MessageId| (id.uuid(), tenant.uuid());
    Rows::new(SQL, ids.iter().map(row).collect()).all(tx.on()).await
}
