//! Proves attempts by statuses.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use crate::{
    db::{KeyedRows, On, Result, Rows},
    domain::{AttemptId, ChannelId, Id, MessageId, Status, TenantId},
    records::campaigns::MovedStatuses,
};

/// A status with the id of an attempt: Meta has the message, under this wamid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    pub attempt: AttemptId,
    /// Channel of the status: statuses of another channel prove nothing.
    pub channel: ChannelId,
    pub wamid: String,
}

/// An attempt that was settled by a status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Proven {
    pub id: AttemptId,
    pub tenant_id: TenantId,
    pub message_id: MessageId,
    pub wamid: String,
}

/// Settles attempts that are open, unknown, not sent, or decided by a person, and their messages, including those that had failed or
/// ended here. Returns the settled attempts.
pub async fn prove(
    mut on: On<'_>,
    proofs: &[Proof],
    now: DateTime<Utc>,
    moved: &mut MovedStatuses,
) -> Result<Vec<Proven>> {
    const ATTEMPTS: &str = "
        WITH r (id, channel_id, wamid, at) AS ({rows})
        UPDATE send_attempts SET outcome = 'accepted', evidence = 'status', wamid = r.wamid, ended_at = r.at {FROM r}
        WHERE {send_attempts.id = r.id} AND send_attempts.channel_id = r.channel_id
            AND (send_attempts.outcome IN ('open', 'unknown', 'not_sent')
                OR send_attempts.evidence = 'person' AND send_attempts.wamid IS NULL)
        RETURNING send_attempts.id, send_attempts.tenant_id, send_attempts.message_id, send_attempts.wamid";
    const MESSAGES: &str = "
        WITH r (tenant_id, id, wamid, status, status_rank) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank, error_code = NULL, error_title = NULL,
            wamid = CASE WHEN EXISTS (SELECT 1 FROM messages o WHERE o.channel_id = messages.channel_id AND o.wamid = r.wamid)
                THEN messages.wamid ELSE COALESCE(messages.wamid, r.wamid) END
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND (messages.status_rank < r.status_rank
            OR messages.wamid IS NULL AND messages.status IN ('sent', 'failed', 'expired', 'canceled'))";
    let attempt = |it: &Proof| (it.attempt.uuid(), it.channel.uuid(), it.wamid.clone(), now);
    // Statuses of one message repeat each other. A status of another channel for the same attempt must not take the place of the
    // channel's own.
    let (mut proven, mut distinct) = (Vec::<Proven>::new(), BTreeSet::new());
    let mut proofs: Vec<&Proof> = proofs
        .iter()
        .filter(|it| distinct.insert((it.attempt, it.channel)))
        .collect();
    while !proofs.is_empty() {
        let mut seen = HashSet::new();
        let (batch, later) = proofs.into_iter().partition(|it| seen.insert(it.attempt));
        let batch: Vec<&Proof> = batch;
        proven.extend(
            KeyedRows::new(ATTEMPTS, batch.into_iter().map(attempt).collect())
                .all::<Proven>(on.reborrow())
                .await?,
        );
        proofs = later;
    }
    if proven.is_empty() {
        return Ok(proven);
    }
    let (status, rank) = (Status::Accepted.as_str(), Status::Accepted.rank());
    let message = |it: &Proven| {
        let (tenant, id, wamid) = (it.tenant_id.uuid(), it.message_id.uuid(), it.wamid.clone());
        (tenant, id, wamid, status.to_owned(), rank)
    };
    moved
        .note(on.reborrow(), proven.iter().map(|it| (it.tenant_id, it.message_id)))
        .await?;
    Rows::new(MESSAGES, proven.iter().map(message).collect())
        .run(on.reborrow())
        .await?;
    let messages: Vec<MessageId> = proven.iter().map(|it| it.message_id).collect();
    super::finish(on, &messages, now).await?;
    Ok(proven)
}
