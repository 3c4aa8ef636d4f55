//! Inbound media: rows to be fetched from Meta.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Rows},
    domain::{ChannelId, ConversationId, Id, MediaFileId, MediaId, MessageId, Origin, TenantId},
    queue::Lane,
};

/// Inbound media of a new message.
#[derive(Clone, Debug)]
pub(crate) struct NewInboundMedia {
    pub id: MediaId,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub message: MessageId,
    /// Origin of the message: `customer`, `echo` or `history`.
    pub origin: Origin,
    pub kind: &'static str,
    pub meta_id: String,
    pub mime_type: Option<String>,
    pub filename: Option<String>,
    pub sha256: Option<Vec<u8>>,
    pub received_at: DateTime<Utc>,
    /// When Meta deletes it.
    pub deadline: DateTime<Utc>,
    pub lane: Lane,
}

/// Inserts rows due at once, in the transaction that stores their messages.
pub(crate) async fn insert_inbound(on: On<'_>, media: &[NewInboundMedia]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at, deadline, lane)
            AS ({rows})
        INSERT INTO media (id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at,
            deadline, lane, state, due_at)
        SELECT id, tenant_id, channel_id, message_id, origin, kind, meta_id, mime_type, filename, sha256, received_at,
            deadline, lane, 'pending', received_at
        FROM r";
    let row = |new: &NewInboundMedia| {
        (
            new.id.uuid(),
            new.tenant.uuid(),
            new.channel.uuid(),
            new.message.uuid(),
            new.origin,
            new.kind.to_owned(),
            new.meta_id.clone(),
            new.mime_type.clone(),
            new.filename.clone(),
            new.sha256.clone(),
            new.received_at,
            new.deadline,
            new.lane as i64,
        )
    };
    Rows::new(SQL, media.iter().map(row).collect()).run(on).await
}

/// Leased inbound media.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LeasedMedia {
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

/// Returns a leased row; `None` if it is no longer leased or was deleted.
pub(crate) async fn find_leased(on: On<'_>, id: MediaId) -> Result<Option<LeasedMedia>> {
    const SQL: &str = "
        SELECT id, tenant_id, channel_id, message_id, kind, meta_id, mime_type, filename, sha256, received_at, deadline, attempts
        FROM media
        WHERE id = $1 AND state = 'running' AND deleted_at IS NULL";
    on.sql(SQL, (id,)).opt().await
}

/// A successful fetch.
#[derive(Clone, Debug)]
pub(crate) struct CompletedFetch {
    pub tenant: TenantId,
    pub id: MediaId,
    /// The attempt that fetched it.
    pub attempt: i64,
    pub file: MediaFileId,
    pub mime_type: String,
    pub filename: Option<String>,
}

/// Completes the fetch. Returns the message's conversation and wamid; `None` if the row is no longer leased by this attempt.
pub(crate) async fn complete_fetch(
    mut on: On<'_>,
    end: &CompletedFetch,
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
    let fetch = end.clone();
    let args = (
        fetch.tenant,
        fetch.id,
        fetch.attempt,
        fetch.file,
        fetch.mime_type,
        now,
        fetch.filename,
    );
    if on.reborrow().sql(END, args).run().await? == 0 {
        return Ok(None);
    }
    on.sql(PLACE, (end.tenant, end.id)).opt().await
}

/// Moves media whose deadline is before `before` to the first lane.
pub(crate) async fn prioritize_expiring(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE media SET lane = 0 WHERE state IN ('pending', 'running') AND deadline < $1 AND lane > 0";
    on.sql(SQL, (before,)).run().await
}

/// Returns the earliest deadline of media not yet fetched.
pub(crate) async fn soonest_deadline(on: On<'_>) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "SELECT MIN(deadline) FROM media WHERE state IN ('pending', 'running')";
    let (found,): (Option<DateTime<Utc>>,) = on.sql(SQL, ()).one().await?;
    Ok(found)
}

/// A failed fetch without an event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct UnreportedFailure {
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

pub(crate) async fn unreported_failures(on: On<'_>, limit: i64) -> Result<Vec<UnreportedFailure>> {
    const SQL: &str = "
        SELECT m.id, m.tenant_id, m.channel_id, m.message_id, s.conversation_id, s.wamid, m.kind, m.mime_type, m.filename, m.last_error,
            m.finished_at
        FROM media m LEFT JOIN messages s ON s.tenant_id = m.tenant_id AND s.id = m.message_id
        WHERE m.state IN ('dead', 'discarded') AND (m.notified_at IS NULL OR m.notified_at < m.finished_at)
        ORDER BY m.finished_at
        LIMIT $1";
    on.sql(SQL, (limit,)).all().await
}

/// Marks failures as reported unless another process did. Returns those that the caller has to report.
pub(crate) async fn mark_reported(
    on: On<'_>,
    unreported: &[UnreportedFailure],
    now: DateTime<Utc>,
) -> Result<Vec<(MediaId,)>> {
    const SQL: &str = "
        WITH r (rid, tenant_id, now) AS ({rows})
        UPDATE media SET notified_at = r.now
        FROM r
        WHERE media.id = r.rid AND media.tenant_id = r.tenant_id AND media.state IN ('dead', 'discarded')
            AND (media.notified_at IS NULL OR media.notified_at < media.finished_at)
        RETURNING media.id";
    let mut rows: Vec<_> = unreported
        .iter()
        .map(|it| (it.id.uuid(), it.tenant_id.uuid(), now))
        .collect();
    rows.sort_unstable();
    Rows::new(SQL, rows).all(on).await
}
