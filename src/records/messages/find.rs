//! Finds and lists messages and their statuses.

use chrono::{DateTime, Utc};

use super::{Labels, pages};
use crate::{
    db::{On, Result, Rows},
    domain::{
        BatchId, ChannelId, ContactId, ConversationId, Direction, Id, MediaId, MessageId, Origin, RawEventId, Status,
        TenantId,
    },
};

/// A stored message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    pub id: MessageId,
    pub wamid: Option<String>,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub direction: Direction,
    pub origin: Origin,
    #[sqlx(rename = "type")]
    pub kind: String,
    pub status: Status,
    pub text: Option<String>,
    pub payload: String,
    pub context_wamid: Option<String>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub raw_event_id: Option<RawEventId>,
    pub media_id: Option<MediaId>,
    pub edited_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub created_by: Option<String>,
    pub batch_id: Option<BatchId>,
    #[sqlx(flatten)]
    pub labels: Labels,
}

/// A status that Meta reported for a message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StatusReport {
    pub status: String,
    pub occurred_at: DateTime<Utc>,
    pub participant: String,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub payload: String,
    pub received_at: DateTime<Utc>,
}

// Without a first argument, long payloads are omitted ([`pages`] loads them).
macro_rules! select {
    ($rest:literal) => {
        select!(
            "CASE WHEN octet_length(payload) <= 65536 THEN payload ELSE '' END AS payload",
            $rest
        )
    };
    ($payload:literal, $rest:literal) => {
        concat!(
            "SELECT id, wamid, channel_id, conversation_id, contact_id, direction, origin, type, status, text, ",
            $payload,
            ", context_wamid, sender, recipient, sent_at, received_at, raw_event_id, media_id, edited_at, revoked_at, \
             error_code, error_title, created_by, batch_id, reference, metadata FROM messages ",
            $rest
        )
    };
}
pub(super) use select;

pub async fn find(on: On<'_>, tenant: TenantId, id: MessageId) -> Result<Option<Message>> {
    const SQL: &str = select!("payload", "WHERE tenant_id = $1 AND id = $2");
    on.sql(SQL, (tenant, id)).opt().await
}

/// Lists a conversation's messages by Meta's time, newest first. The cursor is the last one, if the page reached its byte limit.
pub async fn in_conversation(
    mut on: On<'_>,
    tenant: TenantId,
    conversation: ConversationId,
    before: Option<(DateTime<Utc>, MessageId)>,
    limit: i64,
) -> Result<(Vec<Message>, Option<(DateTime<Utc>, MessageId)>)> {
    const FIRST: &str = select!(
        "WHERE tenant_id = $1 AND conversation_id = $2
         ORDER BY sent_at DESC, id DESC
         LIMIT $3"
    );
    const NEXT: &str = select!(
        "WHERE tenant_id = $1 AND conversation_id = $2 AND (sent_at, id) < ($4, $5)
         ORDER BY sent_at DESC, id DESC
         LIMIT $3"
    );
    let mut rows: Vec<Message> = match before {
        None => on.reborrow().sql(FIRST, (tenant, conversation, limit)).all().await?,
        Some((at, id)) => {
            on.reborrow()
                .sql(NEXT, (tenant, conversation, limit, at, id))
                .all()
                .await?
        }
    };
    let is_cut = pages::fill(&mut on, tenant, &mut rows).await?;
    let floor = rows.last().filter(|_| is_cut).map(|row| (row.sent_at, row.id));
    Ok((rows, floor))
}

/// Lists the last 1,000 statuses of a message in the order of Meta's times, of all its attempts.
pub async fn statuses(
    on: On<'_>,
    tenant: TenantId,
    channel: ChannelId,
    message: MessageId,
    wamid: Option<String>,
) -> Result<Vec<StatusReport>> {
    const SQL: &str = "
        SELECT status, occurred_at, participant, error_code, error_title, payload, received_at
        FROM (
            SELECT * FROM message_statuses
            WHERE tenant_id = $1 AND channel_id = $2 AND (wamid = $3
                OR wamid IN (SELECT wamid FROM send_attempts WHERE tenant_id = $1 AND message_id = $4))
            ORDER BY occurred_at DESC, status_rank DESC, participant DESC
            LIMIT 1000) latest
        ORDER BY occurred_at, status_rank, participant";
    on.sql(SQL, (tenant, channel, wamid, message)).all().await
}

/// Returns the wamids of those of a tenant's messages that have one.
pub async fn wamids(on: On<'_>, tenant: TenantId, ids: &[MessageId]) -> Result<Vec<(MessageId, String)>> {
    const SQL: &str = "
        WITH r (id, tenant_id) AS ({rows})
        SELECT m.id, m.wamid FROM r JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.id WHERE m.wamid IS NOT NULL";
    let row = |id: &MessageId| (id.uuid(), tenant.uuid());
    Rows::new(SQL, ids.iter().map(row).collect()).all(on).await
}
