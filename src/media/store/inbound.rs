use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ConversationId, Id, MediaFileId, MediaId, MessageId, TenantId},
    queue::Lane,
};

/// Media of a message that is being stored, to be fetched from Meta.
#[derive(Clone, Debug)]
pub struct NewInboundMedia {
    pub id: MediaId,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub message: MessageId,
    /// The message's: `customer`, `echo` or `history`.
    pub origin: &'static str,
    pub kind: &'static str,
    pub meta_id: String,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub sha256: Option<Vec<u8>>,
    pub received_at: DateTime<Utc>,
    /// When Meta forgets it.
    pub deadline: DateTime<Utc>,
    pub lane: Lane,
}

/// Writes rows that are due from birth. In the transaction that stores their messages.
pub async fn want(on: impl Into<On<'_>>, media: &[NewInboundMedia]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at, deadline, lane)
            AS ({rows})
        INSERT INTO media (id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at,
            deadline, lane, state, due_at)
        SELECT id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at,
            deadline, lane, 'pending', received_at
        FROM r";
    let row = |m: &NewInboundMedia| {
        (
            m.id.uuid(),
            m.tenant.uuid(),
            m.channel.uuid(),
            m.message.uuid(),
            m.origin.to_owned(),
            m.kind.to_owned(),
            m.meta_id.clone(),
            m.mime_type.clone(),
            m.filename.clone(),
            m.sha256.clone(),
            m.received_at,
            m.deadline,
            m.lane as i64,
        )
    };
    Rows::new(SQL, media.iter().map(row).collect()).run(on).await
}

/// Media that a worker is to fetch now.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct InHand {
    pub id: MediaId,
    pub tenant_id: TenantId,
    pub channel_id: ChannelId,
    pub message_id: MessageId,
    pub kind: String,
    pub meta_id: String,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub sha256: Option<Vec<u8>>,
    pub received_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    pub attempts: i64,
}

/// What a leased row asks for; `None` when it asks for nothing any more.
pub async fn in_hand(on: impl Into<On<'_>>, id: MediaId) -> Result<Option<InHand>> {
    const SQL: &str = "
        SELECT id, tenant_id, channel_id, message_id, kind, meta_id, mime_type, filename, sha256, received_at, deadline, attempts
        FROM media
        WHERE id = $1 AND state = 'running' AND deleted_at IS NULL";
    on.into().sql(SQL, (id,)).opt().await
}

/// How the fetching of one row ended well.
#[derive(Clone, Debug)]
pub struct Ready {
    pub tenant: TenantId,
    pub id: MediaId,
    /// The attempt that did it.
    pub attempt: i64,
    pub file: MediaFileId,
    pub mime_type: String,
    pub filename: Option<String>,
}

/// Ends it, and tells in which conversation and under which wamid it stands. `None` when the row is no longer as that attempt left it.
pub async fn ready(
    on: impl Into<On<'_>>,
    end: &Ready,
    now: DateTime<Utc>,
) -> Result<Option<(Option<ConversationId>, Option<String>)>> {
    const END: &str = "
        UPDATE media
        SET state = 'done', file_id = $4, mime_type = $5, filename = $7, finished_at = $6, last_error = NULL
        WHERE tenant_id = $1 AND id = $2 AND state = 'running' AND attempts = $3 AND deleted_at IS NULL";
    const PLACE: &str = "
        SELECT s.conversation_id, s.wamid
        FROM media m LEFT JOIN messages s ON s.tenant_id = m.tenant_id AND s.id = m.message_id
        WHERE m.tenant_id = $1 AND m.id = $2";
    let mut on = on.into();
    let e = end.clone();
    let args = (e.tenant, e.id, e.attempt, e.file, e.mime_type, now, e.filename);
    if on.reborrow().sql(END, args).run().await? == 0 {
        return Ok(None);
    }
    on.sql(PLACE, (end.tenant, end.id)).opt().await
}

/// Puts what Meta will soon forget in front of everything else.
pub async fn hurry(on: impl Into<On<'_>>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE media SET lane = 0 WHERE state IN ('pending', 'running') AND deadline < $1 AND lane > 0";
    on.into().sql(SQL, (before,)).run().await
}

/// When Meta will forget the first of what is not fetched yet.
pub async fn soonest_deadline(on: impl Into<On<'_>>) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "SELECT MIN(deadline) FROM media WHERE state IN ('pending', 'running')";
    let (found,): (Option<DateTime<Utc>>,) = on.into().sql(SQL, ()).one().await?;
    Ok(found)
}

/// Media that could not be had, and nobody was told.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Untold {
    pub id: MediaId,
    pub tenant_id: TenantId,
    pub channel_id: Option<ChannelId>,
    pub message_id: Option<MessageId>,
    pub conversation_id: Option<ConversationId>,
    pub wamid: Option<String>,
    pub kind: String,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub last_error: Option<String>,
    pub finished_at: DateTime<Utc>,
}

pub async fn untold(on: impl Into<On<'_>>, limit: i64) -> Result<Vec<Untold>> {
    const SQL: &str = "
        SELECT m.id, m.tenant_id, m.channel_id, m.message_id, s.conversation_id, s.wamid, m.kind, m.mime_type, m.filename, m.last_error,
            m.finished_at
        FROM media m LEFT JOIN messages s ON s.tenant_id = m.tenant_id AND s.id = m.message_id
        WHERE m.state IN ('dead', 'discarded') AND (m.told_at IS NULL OR m.told_at < m.finished_at)
        ORDER BY m.finished_at
        LIMIT $1";
    on.into().sql(SQL, (limit,)).all().await
}

/// Marks those that nobody else has marked meanwhile, and says which: they are the caller's to tell.
pub async fn mark_told(on: impl Into<On<'_>>, untold: &[Untold], now: DateTime<Utc>) -> Result<Vec<(MediaId,)>> {
    const SQL: &str = "
        WITH r (rid, tenant_id, now) AS ({rows})
        UPDATE media SET told_at = r.now
        FROM r
        WHERE media.id = r.rid AND media.tenant_id = r.tenant_id AND media.state IN ('dead', 'discarded')
            AND (media.told_at IS NULL OR media.told_at < media.finished_at)
        RETURNING media.id";
    let mut rows: Vec<_> = untold
        .iter()
        .map(|it| (it.id.uuid(), it.tenant_id.uuid(), now))
        .collect();
    rows.sort_unstable();
    Rows::new(SQL, rows).all(on).await
}
