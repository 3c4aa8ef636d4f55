use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{KeyedRows, On, Result, Rows},
    domain::{AttemptId, AttemptOutcome, ChannelId, HoldReason, Id, MessageId, Status, TenantId},
    queue::{JobEntry, Lane},
};

/// Notes why sends are kept back: `breaker`, `campaigns` or `unknown`, or `daily_limit`, which makes them wait until they are
/// [called](super::call).
pub async fn set_hold_reasons(on: impl Into<On<'_>>, held: &[(MessageId, HoldReason)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, held) AS ({rows})
        UPDATE sends SET held = r.held {FROM r}
        WHERE {sends.id = r.id}";
    let row = |(id, held): &(MessageId, HoldReason)| (id.uuid(), *held);
    KeyedRows::new(SQL, held.iter().map(row).collect()).run(on).await
}

/// Makes due what was kept back for a reason that holds no longer: `breaker` or `campaigns`.
pub async fn release(on: impl Into<On<'_>>, channel: ChannelId, held: HoldReason, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $3, last_error = NULL
        WHERE channel_id = $1 AND state = 'quarantined' AND held = $2";
    on.into().sql(SQL, (channel, held, now)).run().await
}

/// The first `limit` messages of a channel that are due by then and that nobody works on, as the queue takes them; replies first.
pub async fn find_due(
    on: impl Into<On<'_>>,
    channel: ChannelId,
    by: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        SELECT id, urgency, due_at FROM sends
        WHERE channel_id = $1 AND finished_at IS NULL AND state || '' = 'pending' AND due_at <= $2
        ORDER BY lane LIMIT $3";
    let rows: Vec<(Uuid, i64, DateTime<Utc>)> = on.into().sql(SQL, (channel, by, limit)).all().await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Messages that wait to be sent, as the queue takes them.
pub async fn job_entries(on: impl Into<On<'_>>, messages: &[MessageId]) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id, sends.urgency, sends.due_at FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.state || '' = 'pending'";
    let rows: Vec<(Uuid, i64, DateTime<Utc>)> = KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await?;
    Ok(rows.into_iter().map(entry).collect())
}

fn entry((id, urgency, due): (Uuid, i64, DateTime<Utc>)) -> JobEntry {
    JobEntry {
        id,
        due,
        lane: Lane::from_number(urgency),
    }
}

/// How many messages that are not at their end are held, by reason.
pub async fn count_held(on: impl Into<On<'_>>) -> Result<Vec<(HoldReason, i64)>> {
    const SQL: &str = "
        SELECT held, COUNT(*) FROM sends
        WHERE held IS NOT NULL AND state IN ('pending', 'running', 'quarantined') GROUP BY held";
    on.into().sql(SQL, ()).all().await
}

/// Makes those ask anew, at the given time, whom the governor had told to come later: on one channel of a tenant's or on all of them. What it
/// said holds no longer.
pub async fn clear_reservations(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    channel: Option<ChannelId>,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET promised_at = NULL, due_at = CASE WHEN due_at > $3 THEN $3 ELSE due_at END
        WHERE channel_id IN (SELECT id FROM channels WHERE tenant_id = $1 AND id = COALESCE($2, id)) AND finished_at IS NULL
            AND state || '' = 'pending' AND promised_at IS NOT NULL";
    on.into().sql(SQL, (tenant, channel, at)).run().await
}

/// Makes due what waits for a breaker that has not tripped, or for campaigns that do not rest: whoever kept it back met a channel that recovered just then.
pub async fn release_recovered(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $1, last_error = NULL
        WHERE state = 'quarantined' AND held IN ('breaker', 'campaigns')
            AND channel_id IN (
                SELECT c.id FROM channels c
                WHERE CASE sends.held WHEN 'breaker' THEN c.tripped_at ELSE c.campaigns_paused_at END IS NULL)";
    on.into().sql(SQL, (now,)).run().await
}

/// Makes due what was put off.
pub async fn make_due(on: impl Into<On<'_>>, messages: &[MessageId], now: DateTime<Utc>) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET due_at = r.at {FROM r}
        WHERE {sends.id = r.id} AND sends.state = 'pending' AND sends.due_at > r.at
        RETURNING sends.id, sends.urgency";
    let row = |id: &MessageId| (id.uuid(), now);
    let rows: Vec<(Uuid, i64)> = KeyedRows::new(SQL, messages.iter().map(row).collect()).all(on).await?;
    Ok(rows
        .into_iter()
        .map(|(id, urgency)| entry((id, urgency, now)))
        .collect())
}

/// Those of the messages that are to be sent once more, after Meta gave them up.
pub async fn awaiting_retry(on: impl Into<On<'_>>, messages: &[MessageId]) -> Result<Vec<(MessageId,)>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.not_before IS NOT NULL";
    KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await
}

/// Those of the messages that a worker has in hand.
pub async fn running(on: impl Into<On<'_>>, messages: &[MessageId]) -> Result<Vec<(MessageId,)>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.state = 'running'";
    KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await
}

/// Ends the work of messages that need none any more, such as one that a status has proven to be sent. What a worker has in hand is
/// left to it.
pub async fn finish(on: impl Into<On<'_>>, messages: &[MessageId], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET state = 'done', held = NULL, not_before = NULL, finished_at = r.at {FROM r}
        WHERE {sends.id = r.id} AND sends.state IN ('pending', 'quarantined', 'dead')";
    let row = |id: &MessageId| (id.uuid(), now);
    KeyedRows::new(SQL, messages.iter().map(row).collect()).run(on).await
}

/// Keeps back, for the breaker of their channel, messages that Meta gave up: each loses the wamid of the attempt that failed.
pub async fn hold_for_breaker(
    on: impl Into<On<'_>>,
    messages: &[(TenantId, MessageId, DateTime<Utc>)],
) -> Result<HashSet<MessageId>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        UPDATE sends SET state = 'quarantined', held = 'breaker' {FROM r}
        WHERE {sends.id = r.id} AND sends.state = 'pending'";
    let mut on = on.into();
    let queued = requeue(on.reborrow(), messages).await?;
    KeyedRows::new(SQL, queued.iter().map(|id| (id.uuid(),)).collect())
        .run(on)
        .await?;
    Ok(queued)
}

/// Makes messages wait to be sent once more, from the given time on: each loses the wamid of the attempt that failed. A worker that has one
/// in hand finds the time when it looks again, or [`requeue_missed`] does. Tells which: a send that was removed for its age sends nothing any more, and
/// its message stays what it was.
pub async fn requeue(
    on: impl Into<On<'_>>,
    messages: &[(TenantId, MessageId, DateTime<Utc>)],
) -> Result<HashSet<MessageId>> {
    const MESSAGES: &str = "
        WITH r (id, tenant_id, status, status_rank) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank, wamid = NULL
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status IN ('failed', 'unknown')";
    const SENDS: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET not_before = r.at, finished_at = NULL, last_error = NULL, promised_at = NULL, urgency = lane,
            state = CASE sends.state WHEN 'running' THEN 'running' ELSE 'pending' END,
            held = CASE sends.state WHEN 'running' THEN sends.held END,
            due_at = CASE sends.state WHEN 'running' THEN sends.due_at ELSE r.at END {FROM r}
        WHERE {sends.id = r.id}
        RETURNING sends.id";
    let mut on = on.into();
    let send = |it: &(TenantId, MessageId, DateTime<Utc>)| (it.1.uuid(), it.2);
    let queued: Vec<(MessageId,)> = KeyedRows::new(SENDS, messages.iter().map(send).collect())
        .all(on.reborrow())
        .await?;
    let queued: HashSet<MessageId> = queued.into_iter().map(|(id,)| id).collect();
    let (status, rank) = (Status::Queued.as_str(), Status::Queued.rank());
    let message = |it: &(TenantId, MessageId, DateTime<Utc>)| (it.1.uuid(), it.0.uuid(), status.to_owned(), rank);
    let moved = messages.iter().filter(|it| queued.contains(&it.1)).map(message);
    Rows::new(MESSAGES, moved.collect()).run(on).await?;
    Ok(queued)
}

/// Makes due what was to be sent once more when its worker was about to write that it is done.
pub async fn requeue_missed(on: impl Into<On<'_>>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', due_at = not_before, finished_at = NULL
        WHERE state = 'done' AND not_before IS NOT NULL
            AND EXISTS (SELECT 1 FROM messages m WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status = 'queued')";
    on.into().sql(SQL, ()).run().await
}

/// Makes due what is kept for its channel and whose time is over: it expires.
pub async fn expire_held(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $1, last_error = NULL
        WHERE state = 'quarantined' AND held <> 'unknown' AND expires_at <= $1";
    on.into().sql(SQL, (now,)).run().await
}

/// Ends the work of messages that were kept as unknown and are known by now.
pub async fn finish_resolved(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'done', held = NULL, finished_at = $1
        WHERE state = 'quarantined' AND held = 'unknown' AND EXISTS (
            SELECT 1 FROM messages m
            WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status NOT IN ('queued', 'sending', 'unknown'))";
    on.into().sql(SQL, (now,)).run().await
}

/// Notes what a person said of the newest attempt of a message that is `unknown`: its id, unless a worker has the message in hand, or it
/// is known by now. Everything that is written is locked until the commit.
pub async fn record_resolution(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    id: MessageId,
    outcome: AttemptOutcome,
    now: DateTime<Utc>,
) -> Result<Option<(AttemptId,)>> {
    const ATTEMPT: &str = "
        UPDATE send_attempts
        SET outcome = $3, evidence = 'person', error_details = 'decided by a person', ended_at = COALESCE(ended_at, $4)
        WHERE tenant_id = $1 AND message_id = $2 AND outcome = 'unknown'
            AND number = (SELECT MAX(x.number) FROM send_attempts x WHERE x.message_id = $2)
        RETURNING id";
    const MESSAGE: &str = "UPDATE messages SET status = status WHERE tenant_id = $1 AND id = $2 AND status = 'unknown'";
    const SEND: &str = "UPDATE sends SET held = held WHERE tenant_id = $1 AND id = $2 AND state <> 'running'";
    let mut on = on.into();
    let unknown = on.reborrow().sql(MESSAGE, (tenant, id)).run().await? == 1;
    let attempt = on.reborrow().sql(ATTEMPT, (tenant, id, outcome, now)).opt().await?;
    let free = on.sql(SEND, (tenant, id)).run().await? == 1;
    Ok(attempt.filter(|_| unknown && free))
}

/// How many messages wait to be sent, by lane: those that are kept back until the channel may send, or its campaigns go on, among them.
pub async fn count_waiting(on: impl Into<On<'_>>, tenant: TenantId, channel: ChannelId) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "
        SELECT lane, COUNT(*) FROM (
            SELECT lane FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND finished_at IS NULL AND state IN ('pending', 'running')
            UNION ALL
            SELECT lane FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND state = 'quarantined' AND held IN ('breaker', 'campaigns')
        ) AS waiting
        GROUP BY lane";
    on.into().sql(SQL, (tenant, channel)).all().await
}
