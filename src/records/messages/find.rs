//! Finds and lists messages and their statuses.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::pages;
use crate::{
    db::{On, Result, Rows, Sql},
    domain::{
        ChannelId, ContactId, ConversationId, Direction, Id, MediaId, MessageId, Origin, RawEventId, Status, TenantId,
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
             error_code, error_title, created_by FROM messages ",
            $rest
        )
    };
}

/// Maximum messages one page examines. Bounds the cost of filtering by a rare status without an index that every message would update.
const LOOK: i64 = 20_000;

/// Conditions of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    pub channel: Option<ChannelId>,
    /// `true` selects inbound messages, `false` outbound ones.
    pub inbound: Option<bool>,
    pub status: Option<Status>,
}

pub async fn find(on: On<'_>, tenant: TenantId, id: MessageId) -> Result<Option<Message>> {
    const SQL: &str = select!("payload", "WHERE tenant_id = $1 AND id = $2");
    on.sql(SQL, (tenant, id)).opt().await
}

/// Lists the matching messages, newest id first; fewer than `limit` where they are long. The cursor is the last one examined, if there are
/// more.
pub async fn list(
    mut on: On<'_>,
    tenant: TenantId,
    filter: MessageFilter,
    before: Option<MessageId>,
    limit: i64,
) -> Result<(Vec<Message>, Option<MessageId>)> {
    const FLOOR: &str = "
        SELECT id FROM messages WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT 1 OFFSET $3";
    let before = before.unwrap_or(MessageId::from_uuid(Uuid::max()));
    let floor: Option<(MessageId,)> = match filter == MessageFilter::default() {
        true => None,
        false => on.reborrow().sql(FLOOR, (tenant, before, LOOK - 1)).opt().await?,
    };
    let floor = floor.map(|(id,)| id);
    let mut text =
        select!("WHERE tenant_id = $1 AND id < $2 AND id >= $3 AND ($4 IS NULL OR channel_id = $4)").to_owned();
    match filter.inbound {
        Some(true) => text.push_str(" AND direction = 'inbound'"),
        Some(false) => text.push_str(" AND direction = 'outbound'"),
        None => {}
    }
    if let Some(status) = filter.status {
        text.push_str(" AND status = '");
        text.push_str(status.as_str());
        text.push('\'');
    }
    text.push_str(" ORDER BY id DESC LIMIT $5");
    let least = floor.unwrap_or(MessageId::from_uuid(Uuid::nil()));
    let args = (tenant, before, least, filter.channel, limit);
    let mut rows = on.reborrow().sql(Sql::built(text), args).all().await?;
    let is_cut = pages::fill(&mut on, tenant, &mut rows).await?;
    let floor = if is_cut {
        rows.last().map(|row: &Message| row.id)
    } else {
        floor
    };
    Ok((rows, floor))
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
