use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use crate::{
    db::{KeyedRows, On, Result, Rows},
    domain::{AttemptId, ChannelId, Id, MessageId, Status, TenantId},
};

/// A status that came back with the id of an attempt: Meta has the message, and this is its wamid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    pub attempt: AttemptId,
    /// The channel the status came for: another's statuses prove nothing.
    pub channel: ChannelId,
    pub wamid: String,
}

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Proven {
    pub id: AttemptId,
    pub tenant_id: TenantId,
    pub message_id: MessageId,
    pub wamid: String,
}

/// Settles attempts that nothing was known of, or only what a person said, and the messages they were for: also those that we had given up
/// ourselves.
pub async fn prove(on: impl Into<On<'_>>, proofs: &[Proof], now: DateTime<Utc>) -> Result<Vec<Proven>> {
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
    let mut on = on.into();
    let attempt = |it: &Proof| (it.attempt.uuid(), it.channel.uuid(), it.wamid.clone(), now);
    // Several statuses of a message say the same; what another channel says of an attempt must not stand before what its own does.
    let (mut proven, mut told) = (Vec::<Proven>::new(), BTreeSet::new());
    let mut proofs: Vec<&Proof> = proofs
        .iter()
        .filter(|it| told.insert((it.attempt, it.channel)))
        .collect();
    while !proofs.is_empty() {
        let mut seen = HashSet::new();
        let (now_told, later) = proofs.into_iter().partition(|it| seen.insert(it.attempt));
        let now_told: Vec<&Proof> = now_told;
        proven.extend(
            KeyedRows::new(ATTEMPTS, now_told.into_iter().map(attempt).collect())
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
    Rows::new(MESSAGES, proven.iter().map(message).collect())
        .run(on.reborrow())
        .await?;
    let messages: Vec<MessageId> = proven.iter().map(|it| it.message_id).collect();
    super::finish(on, &messages, now).await?;
    Ok(proven)
}
