//! Stores messages and applies edits, revocations and statuses.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Rows},
    domain::{
        ChannelId, ContactId, ConversationId, Direction, Id, MediaId, MessageId, Origin, RawEventId, Status, TenantId,
    },
    records::campaigns::MovedStatuses,
};

/// Meta's key of a message: its wamid, unique within a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    pub channel: ChannelId,
    pub wamid: String,
}

/// A message to store.
#[derive(Clone, Debug)]
pub struct NewMessageRow {
    pub tenant: TenantId,
    pub id: MessageId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub contact: ContactId,
    pub wamid: String,
    pub direction: Direction,
    pub origin: Origin,
    pub kind: String,
    pub status: Status,
    pub text: Option<String>,
    /// The message's JSON.
    pub payload: String,
    pub context_wamid: Option<String>,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub(crate) raw_event: RawEventId,
    /// The media file that came with it.
    pub media: Option<MediaId>,
    /// Whether it was written by a member of a group.
    pub in_group: bool,
}

/// Inserts new messages and returns their ids. A message with a known wamid is left as it is: Meta redelivers.
pub async fn insert(on: On<'_>, messages: &[NewMessageRow]) -> Result<Vec<(MessageId,)>> {
    const SQL: &str = "
        WITH r (tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status, status_rank, text,
            payload, context_wamid, sender, recipient, sent_at, received_at, raw_event_id, media_id, in_group) AS ({rows})
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status,
            status_rank, text, payload, context_wamid, sender, recipient, sent_at, received_at, raw_event_id, media_id, in_group)
        SELECT tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status,
            status_rank, text, payload, context_wamid, sender, recipient, sent_at, received_at, raw_event_id, media_id, in_group
        FROM r
        WHERE true
        ON CONFLICT (channel_id, wamid) DO NOTHING
        RETURNING id";
    let row = |m: &NewMessageRow| {
        (
            m.tenant.uuid(),
            m.id.uuid(),
            m.channel.uuid(),
            m.conversation.uuid(),
            m.contact.uuid(),
            m.wamid.clone(),
            m.direction,
            m.origin,
            m.kind.clone(),
            m.status,
            m.status.rank(),
            m.text.clone(),
            m.payload.clone(),
            m.context_wamid.clone(),
            m.sender.clone(),
            m.recipient.clone(),
            m.sent_at,
            m.received_at,
            m.raw_event.uuid(),
            m.media.map(Id::uuid),
            m.in_group,
        )
    };
    Rows::new(SQL, messages.iter().map(row).collect()).all(on).await
}

/// Replaces `media_placeholder` messages with their content, which Meta sends later. Returns the messages filled, with their media.
pub(crate) async fn fill_placeholders(
    on: On<'_>,
    messages: &[NewMessageRow],
) -> Result<Vec<(MessageId, Option<MediaId>)>> {
    const SQL: &str = "
        WITH r (channel_id, wamid, type, text, payload, media_id) AS ({rows})
        UPDATE messages SET type = r.type, text = r.text, payload = r.payload, media_id = r.media_id
        FROM r
        WHERE messages.channel_id = r.channel_id AND messages.wamid = r.wamid AND messages.type = 'media_placeholder'
        RETURNING messages.id, messages.media_id";
    let row = |m: &NewMessageRow| {
        (
            m.channel.uuid(),
            m.wamid.clone(),
            m.kind.clone(),
            m.text.clone(),
            m.payload.clone(),
            m.media.map(Id::uuid),
        )
    };
    Rows::new(SQL, messages.iter().map(row).collect()).all(on).await
}

/// Kind of a [`MessageChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Edit,
    Revoke,
}

/// An edit or revocation of an earlier message.
#[derive(Clone, Debug)]
pub struct MessageChange {
    pub(crate) kind: ChangeKind,
    pub target: MessageKey,
    pub at: DateTime<Utc>,
    /// The new text of an edit.
    pub text: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    #[sqlx(rename = "type")]
    kind: String,
    channel_id: ChannelId,
    context_wamid: String,
    sent_at: DateTime<Utc>,
    text: Option<String>,
}

/// Returns stored edits and revocations of these messages, which arrived before them.
pub(crate) async fn changes_of(on: On<'_>, targets: &[MessageKey]) -> Result<Vec<MessageChange>> {
    const SQL: &str = "
        WITH r (channel_id, wamid) AS ({rows})
        SELECT m.type, m.channel_id, m.context_wamid, m.sent_at, m.text
        FROM r CROSS JOIN messages m
        WHERE m.channel_id = r.channel_id AND m.context_wamid = r.wamid AND m.type IN ('edit', 'revoke')";
    let rows: Vec<ChangeRow> = Rows::new(SQL, targets.iter().map(key).collect()).all(on).await?;
    let change = |row: ChangeRow| MessageChange {
        kind: if row.kind == "edit" {
            ChangeKind::Edit
        } else {
            ChangeKind::Revoke
        },
        target: MessageKey {
            channel: row.channel_id,
            wamid: row.context_wamid,
        },
        at: row.sent_at,
        text: row.text,
    };
    Ok(rows.into_iter().map(change).collect())
}

/// Applies edits and revocations. The newest edit wins; a revocation keeps its first time.
pub async fn change(mut on: On<'_>, changes: &[MessageChange]) -> Result<u64> {
    const EDIT: &str = "
        WITH r (channel_id, wamid, at, text) AS ({rows})
        UPDATE messages SET text = r.text, edited_at = r.at
        FROM r
        WHERE messages.channel_id = r.channel_id AND messages.wamid = r.wamid
            AND (messages.edited_at IS NULL OR messages.edited_at < r.at)";
    const REVOKE: &str = "
        WITH r (channel_id, wamid, at) AS ({rows})
        UPDATE messages SET revoked_at = r.at
        FROM r
        WHERE messages.channel_id = r.channel_id AND messages.wamid = r.wamid
            AND (messages.revoked_at IS NULL OR messages.revoked_at > r.at)";
    let (mut edits, mut revocations) = (Vec::new(), Vec::new());
    for it in changes {
        let (channel, wamid) = key(&it.target);
        match it.kind {
            ChangeKind::Edit => edits.push((channel, wamid, it.at, it.text.clone())),
            ChangeKind::Revoke => revocations.push((channel, wamid, it.at)),
        }
    }
    // PostgreSQL's UPDATE … FROM takes any one of several matching rows, so only the newest edit of a message may be among them.
    edits.sort_by(|a, b| (a.0, &a.1, b.2).cmp(&(b.0, &b.1, a.2)));
    edits.dedup_by(|b, a| (a.0, &a.1) == (b.0, &b.1));
    revocations.sort();
    revocations.dedup_by(|b, a| (a.0, &a.1) == (b.0, &b.1));
    Ok(Rows::new(EDIT, edits).run(on.reborrow()).await? + Rows::new(REVOKE, revocations).run(on).await?)
}

/// A status that may advance a message.
#[derive(Clone, Debug)]
pub(crate) struct ReportedStatus {
    pub tenant: TenantId,
    pub message: MessageId,
    pub status: Status,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
}

/// Advances the statuses of messages, never backwards. Returns how many changed.
pub(crate) async fn advance_status(
    mut on: On<'_>,
    reported: &[ReportedStatus],
    moved: &mut MovedStatuses,
) -> Result<u64> {
    const SQL: &str = "
        WITH r (tenant_id, id, status, status_rank, error_code, error_title) AS ({rows})
        UPDATE messages
        SET status = r.status, status_rank = r.status_rank, error_code = r.error_code, error_title = r.error_title
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status_rank < r.status_rank";
    let mut rows: Vec<_> = reported
        .iter()
        .map(|it| {
            let (status, rank) = (it.status, it.status.rank());
            (
                it.tenant.uuid(),
                it.message.uuid(),
                status,
                rank,
                it.error_code,
                it.error_title.clone(),
            )
        })
        .collect();
    // One row per message, with the highest rank: see `change`.
    rows.sort_by(|a, b| (a.1, b.3).cmp(&(b.1, a.3)));
    rows.dedup_by(|b, a| a.1 == b.1);
    moved
        .note(on.reborrow(), reported.iter().map(|it| (it.tenant, it.message)))
        .await?;
    Rows::new(SQL, rows).run(on).await
}

fn key(key: &MessageKey) -> (Uuid, String) {
    (key.channel.uuid(), key.wamid.clone())
}
