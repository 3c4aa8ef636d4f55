//! Statuses reported by Meta, each stored once. An orphan status (its message is not known yet) is joined when the message appears.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ContactId, ConversationId, Id, MessageId, Status, TenantId},
    records::messages::{Labels, MessageKey},
};

/// A status to store.
#[derive(Clone, Debug)]
pub struct NewStatus {
    pub key: MessageKey,
    pub tenant: TenantId,
    /// Meta's word. [`Status`] covers most of them.
    pub status: String,
    /// Zero for statuses that report no progress.
    pub(crate) rank: i64,
    pub occurred_at: DateTime<Utc>,
    /// The group member it is about, else empty.
    pub participant: String,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub payload: String,
    pub received_at: DateTime<Utc>,
}

/// A status joined to its message.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct JoinedStatus {
    pub tenant_id: TenantId,
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub wamid: String,
    pub status: String,
    pub occurred_at: DateTime<Utc>,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub payload: String,
    /// The group member it is about, else empty.
    pub participant: String,
    #[sqlx(flatten)]
    pub labels: Labels,
}

/// A status that was inserted, and its message where that is known.
#[derive(sqlx::FromRow)]
struct StoredStatus {
    channel_id: ChannelId,
    wamid: String,
    status: String,
    occurred_at: DateTime<Utc>,
    participant: String,
    message_id: Option<MessageId>,
    conversation_id: Option<ConversationId>,
    contact_id: Option<ContactId>,
    #[sqlx(flatten)]
    labels: Labels,
}

/// Primary key of a status.
type PrimaryKey<'a> = (ChannelId, &'a str, &'a str, DateTime<Utc>, &'a str);

impl StoredStatus {
    fn primary_key(&self) -> PrimaryKey<'_> {
        (
            self.channel_id,
            &self.wamid,
            &self.status,
            self.occurred_at,
            &self.participant,
        )
    }
}

impl NewStatus {
    fn primary_key(&self) -> PrimaryKey<'_> {
        (
            self.key.channel,
            &self.key.wamid,
            &self.status,
            self.occurred_at,
            &self.participant,
        )
    }

    /// Returns the status with its message, if that is known.
    fn joined(&self, kept: &StoredStatus) -> Option<JoinedStatus> {
        Some(JoinedStatus {
            tenant_id: self.tenant,
            message_id: kept.message_id?,
            conversation_id: kept.conversation_id?,
            contact_id: kept.contact_id?,
            channel_id: self.key.channel,
            wamid: self.key.wamid.clone(),
            status: self.status.clone(),
            occurred_at: self.occurred_at,
            error_code: self.error_code,
            error_title: self.error_title.clone(),
            payload: self.payload.clone(),
            participant: self.participant.clone(),
            labels: kept.labels.clone(),
        })
    }
}

impl JoinedStatus {
    /// Returns the message status that this status implies. `None` where it reports no progress, and for a failure with one group member:
    /// others may have received the message.
    pub(crate) fn message_status(&self) -> Option<Status> {
        Status::parse(&self.status).filter(|it| *it != Status::Failed || self.participant.is_empty())
    }
}

/// Inserts new statuses. Returns those whose message is known; the others stay orphans.
pub async fn insert(mut on: On<'_>, statuses: &[NewStatus]) -> Result<Vec<JoinedStatus>> {
    const KEEP: &str = "
        WITH r (channel_id, wamid, status, occurred_at, participant, tenant_id, status_rank, error_code, error_title, payload,
            received_at) AS ({rows})
        INSERT INTO message_statuses (channel_id, wamid, status, occurred_at, participant, tenant_id, status_rank, error_code,
            error_title, payload, received_at, message_id)
        SELECT channel_id, wamid, status, occurred_at, participant, tenant_id, status_rank, error_code, error_title, payload,
            received_at, (SELECT m.id FROM messages m WHERE m.channel_id = r.channel_id AND m.wamid = r.wamid)
        FROM r
        WHERE true
        ON CONFLICT DO NOTHING
        RETURNING channel_id, wamid, status, occurred_at, participant, message_id,
            (SELECT o.conversation_id FROM messages o
                WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS conversation_id,
            (SELECT o.contact_id FROM messages o
                WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS contact_id,
            (SELECT o.reference FROM messages o
                WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS reference,
            (SELECT o.metadata FROM messages o
                WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS metadata";
    let row = |it: &NewStatus| {
        let key = (
            it.key.channel.uuid(),
            it.key.wamid.clone(),
            it.status.clone(),
            it.occurred_at,
            it.participant.clone(),
        );
        let rest = (
            it.tenant.uuid(),
            it.rank,
            it.error_code,
            it.error_title.clone(),
            it.payload.clone(),
            it.received_at,
        );
        (
            key.0, key.1, key.2, key.3, key.4, rest.0, rest.1, rest.2, rest.3, rest.4, rest.5,
        )
    };
    let kept: Vec<StoredStatus> = Rows::new(KEEP, statuses.iter().map(row).collect())
        .all(on.reborrow())
        .await?;
    let mut keys: Vec<MessageKey> = statuses.iter().map(|it| it.key.clone()).collect();
    keys.sort();
    keys.dedup();
    // Orphans of these messages may be stored already. Statuses joined on insertion are not written again.
    let mut joined = join(on, &keys).await?;
    let by_key: HashMap<PrimaryKey<'_>, &NewStatus> = statuses.iter().map(|it| (it.primary_key(), it)).collect();
    let of_known = |it: &StoredStatus| by_key.get(&it.primary_key())?.joined(it);
    joined.extend(kept.iter().filter_map(of_known));
    Ok(joined)
}

/// Joins the orphan statuses of these messages, where the message is known.
pub(crate) async fn join(on: On<'_>, keys: &[MessageKey]) -> Result<Vec<JoinedStatus>> {
    macro_rules! join {
        ($place:literal) => {
            concat!(
                "WITH r (channel_id, wamid) AS ({rows})
                UPDATE message_statuses SET message_id = m.id
                FROM r CROSS JOIN messages m
                WHERE m.channel_id = r.channel_id AND m.wamid = r.wamid
                    AND message_statuses.channel_id = r.channel_id AND message_statuses.wamid = r.wamid
                    AND message_statuses.message_id IS NULL
                RETURNING message_statuses.tenant_id, message_statuses.message_id, message_statuses.channel_id,
                    message_statuses.wamid, message_statuses.status, message_statuses.occurred_at,
                    message_statuses.error_code, message_statuses.error_title, message_statuses.payload,
                    message_statuses.participant, ",
                $place
            )
        };
    }
    const POSTGRES: &str = join!("m.conversation_id, m.contact_id, m.reference, m.metadata");
    // RETURNING on SQLite cannot refer to the joined tables.
    const SQLITE: &str = join!(
        "(SELECT o.conversation_id FROM messages o
            WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS conversation_id,
        (SELECT o.contact_id FROM messages o
            WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS contact_id,
        (SELECT o.reference FROM messages o
            WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS reference,
        (SELECT o.metadata FROM messages o
            WHERE o.tenant_id = message_statuses.tenant_id AND o.id = message_statuses.message_id) AS metadata"
    );
    let sql = match on {
        On::Postgres(_) | On::PostgresPool(_) => POSTGRES,
        On::Sqlite(_) | On::SqlitePool(_) => SQLITE,
    };
    let rows = keys.iter().map(|key| (key.channel.uuid(), key.wamid.clone()));
    Rows::new(sql, rows.collect()).all(on).await
}

/// A status whose message was not known when it arrived.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OrphanStatus {
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub wamid: String,
    pub occurred_at: DateTime<Utc>,
    pub error_code: Option<i64>,
    pub payload: String,
}

impl OrphanStatus {
    pub fn key(&self) -> MessageKey {
        MessageKey {
            channel: self.channel_id,
            wamid: self.wamid.clone(),
        }
    }
}

/// Returns the orphan statuses of these messages.
pub(crate) async fn orphans(on: On<'_>, keys: &[MessageKey]) -> Result<Vec<OrphanStatus>> {
    const SQL: &str = "
        WITH r (channel_id, wamid) AS ({rows})
        SELECT s.tenant_id, s.channel_id, s.wamid, s.occurred_at, s.error_code, s.payload
        FROM r CROSS JOIN message_statuses s
        WHERE s.channel_id = r.channel_id AND s.wamid = r.wamid AND s.message_id IS NULL";
    let rows = keys.iter().map(|key| (key.channel.uuid(), key.wamid.clone()));
    Rows::new(SQL, rows.collect()).all(on).await
}

/// Returns the keys of messages whose status was stored concurrently: the two transactions could not see each other. One row per status,
/// the oldest first, without the first `skip`.
pub(crate) async fn overlooked(on: On<'_>, since: DateTime<Utc>, skip: i64, limit: i64) -> Result<Vec<MessageKey>> {
    // Matches the order of the partial index of orphan statuses. Any other order reads every status ever reported.
    const SQL: &str = "
        SELECT s.channel_id, s.wamid
        FROM message_statuses s
        JOIN messages m ON m.channel_id = s.channel_id AND m.wamid = s.wamid
        WHERE s.message_id IS NULL AND s.received_at >= $1
        ORDER BY s.received_at, s.channel_id, s.wamid
        LIMIT $3 OFFSET $2";
    let found: Vec<(ChannelId, String)> = on.sql(SQL, (since, skip, limit)).all().await?;
    let key = |(channel, wamid)| MessageKey { channel, wamid };
    Ok(found.into_iter().map(key).collect())
}
