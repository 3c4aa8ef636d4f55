//! Attempts: begun before the call, concluded after it, and the transitions of their messages.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    db::{KeyedRows, On, Result, Rows},
    domain::{
        AttemptId, AttemptOutcome, ChannelId, ContactId, ConversationId, Evidence, Id, MessageId, Status, TenantId,
    },
    records::{campaigns::MovedStatuses, messages::Labels},
    templates::store::templates::Suggested,
};

/// An attempt to be stored before its call.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    pub id: AttemptId,
    pub message: MessageId,
    pub tenant: TenantId,
    pub channel: ChannelId,
    pub number: i64,
    pub at: DateTime<Utc>,
    /// See [`DueSend::marked`](super::DueSend::marked).
    pub marked: bool,
}

/// Stores attempts before their calls, and returns the messages that may be sent. The others were proven or canceled since they were
/// loaded; no attempt is stored for them.
pub async fn begin(mut on: On<'_>, begun: &[NewAttempt], moved: &mut MovedStatuses) -> Result<HashSet<MessageId>> {
    const ATTEMPTS: &str = "
        WITH r (id, message_id, tenant_id, channel_id, number, at) AS ({rows})
        INSERT INTO send_attempts (id, message_id, tenant_id, channel_id, number, outcome, started_at)
        SELECT id, message_id, tenant_id, channel_id, number, 'open', at FROM r";
    const MARKED: &str = "
        WITH r (id) AS ({rows})
        UPDATE sends SET not_before = NULL, held = NULL {FROM r}
        WHERE {sends.id = r.id}";
    const MESSAGES: &str = "
        WITH r (id, tenant_id, status, status_rank) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status IN ('queued', 'sending', 'unknown')
        RETURNING messages.id";
    let attempt = |it: &NewAttempt| {
        let ids = (it.id.uuid(), it.message.uuid(), it.tenant.uuid(), it.channel.uuid());
        (ids.0, ids.1, ids.2, ids.3, it.number, it.at)
    };
    let (status, rank) = (Status::Sending.as_str(), Status::Sending.rank());
    let message = |it: &NewAttempt| (it.message.uuid(), it.tenant.uuid(), status.to_owned(), rank);
    moved
        .note(on.reborrow(), begun.iter().map(|it| (it.tenant, it.message)))
        .await?;
    let free: Vec<(MessageId,)> = Rows::new(MESSAGES, begun.iter().map(message).collect())
        .all(on.reborrow())
        .await?;
    let free: HashSet<MessageId> = free.into_iter().map(|(id,)| id).collect();
    let begun: Vec<&NewAttempt> = begun.iter().filter(|it| free.contains(&it.message)).collect();
    Rows::new(ATTEMPTS, begun.iter().copied().map(attempt).collect())
        .run(on.reborrow())
        .await?;
    let marked = begun.iter().filter(|it| it.marked).map(|it| (it.message.uuid(),));
    KeyedRows::new(MARKED, marked.collect()).run(on).await?;
    Ok(free)
}

/// The end of an attempt, as known after its call.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    pub attempt: AttemptId,
    /// `accepted`, `rejected`, `not_sent` or `unknown`.
    pub outcome: AttemptOutcome,
    pub http_status: Option<i64>,
    pub(crate) transition: MessageTransition,
}

/// A status transition of a message that Meta is not known to have.
#[derive(Clone, Debug)]
pub(crate) struct MessageTransition {
    pub tenant: TenantId,
    pub message: MessageId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub contact: ContactId,
    pub status: Status,
    pub wamid: Option<String>,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    /// Meta's details, or what happened to the connection.
    pub error_details: Option<String>,
    /// As stored with the message; known once the transition is applied.
    pub labels: Labels,
    /// Templates that could be sent instead; only for a closed service window.
    pub templates: Option<Arc<[Suggested]>>,
}

/// Stores the ends of attempts and returns the attempts that changed. Attempts that a status has proven in the meantime stay as they are.
pub async fn conclude(mut on: On<'_>, ends: &[AttemptEnd], now: DateTime<Utc>) -> Result<HashSet<AttemptId>> {
    const SQL: &str = "
        WITH r (id, outcome, evidence, wamid, http_status, error_code, error_title, error_details, at) AS ({rows})
        UPDATE send_attempts SET outcome = r.outcome, evidence = r.evidence, wamid = r.wamid, http_status = r.http_status,
            error_code = r.error_code, error_title = r.error_title, error_details = r.error_details, ended_at = r.at {FROM r}
        WHERE {send_attempts.id = r.id} AND send_attempts.outcome IN ('open', 'unknown')
        RETURNING send_attempts.id";
    let row = |it: &AttemptEnd| {
        let evidence = (it.outcome != AttemptOutcome::Unknown).then_some(Evidence::Answer);
        (
            it.attempt.uuid(),
            it.outcome,
            evidence,
            it.transition.wamid.clone(),
            it.http_status,
            it.transition.error_code,
            it.transition.error_title.clone(),
            it.transition.error_details.clone(),
            now,
        )
    };
    const CLEAR_RESERVATIONS: &str = "
        WITH r (id) AS ({rows})
        UPDATE sends SET reserved_until = NULL, queue_lane = lane {FROM r}
        WHERE {sends.id = r.id} AND sends.reserved_until IS NOT NULL";
    let ended: Vec<(AttemptId,)> = KeyedRows::new(SQL, ends.iter().map(row).collect())
        .all(on.reborrow())
        .await?;
    // The reservations are used up: a retry requests a slot again.
    let again = ends.iter().filter(|it| it.outcome != AttemptOutcome::Accepted);
    let again = again.map(|it| (it.transition.message.uuid(),)).collect();
    KeyedRows::new(CLEAR_RESERVATIONS, again).run(on).await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// A message whose transition was applied, with what may have changed since it was read.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct MovedMessage {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    #[sqlx(flatten)]
    pub labels: Labels,
}

/// Applies transitions, unless Meta is known to have the message. Returns the messages that changed, with their current contacts and
/// conversations.
pub(crate) async fn apply_transitions(
    mut on: On<'_>,
    transitions: &[MessageTransition],
    moved: &mut MovedStatuses,
) -> Result<Vec<MovedMessage>> {
    const SQL: &str = "
        WITH r (id, tenant_id, status, status_rank, wamid, error_code, error_title, known) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank,
            wamid = CASE WHEN EXISTS (SELECT 1 FROM messages o WHERE o.channel_id = messages.channel_id AND o.wamid = r.wamid)
                THEN messages.wamid ELSE COALESCE(r.wamid, messages.wamid) END,
            error_code = r.error_code, error_title = r.error_title
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status_rank < r.known
        RETURNING messages.id, messages.conversation_id, messages.contact_id, messages.reference, messages.metadata";
    let row = |it: &MessageTransition| {
        (
            it.message.uuid(),
            it.tenant.uuid(),
            it.status,
            it.status.rank(),
            it.wamid.clone(),
            it.error_code,
            it.error_title.clone(),
            Status::Accepted.rank(),
        )
    };
    moved
        .note(on.reborrow(), transitions.iter().map(|it| (it.tenant, it.message)))
        .await?;
    Rows::new(SQL, transitions.iter().map(row).collect()).all(on).await
}

/// An attempt, for the API.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Attempt {
    pub id: AttemptId,
    pub number: i64,
    pub outcome: AttemptOutcome,
    pub evidence: Option<Evidence>,
    pub wamid: Option<String>,
    pub http_status: Option<i64>,
    pub error_code: Option<i64>,
    pub error_title: Option<String>,
    pub(crate) error_details: Option<String>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Returns the attempts of a message in order.
pub(crate) async fn of_message(on: On<'_>, tenant: TenantId, message: MessageId) -> Result<Vec<Attempt>> {
    const SQL: &str = "
        SELECT id, number, outcome, evidence, wamid, http_status, error_code, error_title, error_details, started_at, ended_at
        FROM send_attempts
        WHERE tenant_id = $1 AND message_id = $2
        ORDER BY number";
    on.sql(SQL, (tenant, message)).all().await
}
