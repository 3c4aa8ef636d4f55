//! Holds, releases, requeues and ends sends.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{KeyedRows, On, Result, Rows},
    domain::{AttemptId, AttemptOutcome, ChannelId, HoldReason, Id, MessageId, Status, TenantId},
    queue::{JobEntry, Lane},
    records::campaigns::MovedStatuses,
};

/// Stores why sends are held: `breaker`, `campaigns`, `unknown`; `daily_limit`, which waits for
/// [`release_for_limit`](super::release_for_limit); or `provider_unreachable`, which waits for the due time.
pub(crate) async fn set_hold_reasons(on: On<'_>, held: &[(MessageId, HoldReason)]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, held) AS ({rows})
        UPDATE sends SET held = r.held {FROM r}
        WHERE {sends.id = r.id}";
    let row = |(id, held): &(MessageId, HoldReason)| (id.uuid(), *held);
    KeyedRows::new(SQL, held.iter().map(row).collect()).run(on).await
}

/// Sets dead sends aside that may have been sent, to be held as unknown.
pub(crate) async fn hold_dead(on: On<'_>, messages: &[MessageId]) -> Result<u64> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        UPDATE sends SET state = 'quarantined', archived_at = NULL {FROM r}
        WHERE {sends.id = r.id} AND sends.state || '' = 'dead'";
    let rows = messages.iter().map(|id| (id.uuid(),)).collect();
    KeyedRows::new(SQL, rows).run(on).await
}

/// Makes sends due that are held for a reason that no longer applies: `breaker` or `campaigns`.
pub async fn release(on: On<'_>, channel: ChannelId, held: HoldReason, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $3, last_error = NULL
        WHERE channel_id = $1 AND state = 'quarantined' AND held = $2";
    on.sql(SQL, (channel, held, now)).run().await
}

/// Returns up to `limit` sends of a channel that are pending and due at `by`, as queue entries, most urgent lane first.
pub(crate) async fn find_due(on: On<'_>, channel: ChannelId, by: DateTime<Utc>, limit: i64) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        SELECT id, queue_lane, due_at FROM sends
        WHERE channel_id = $1 AND finished_at IS NULL AND state || '' = 'pending' AND due_at <= $2
        ORDER BY lane LIMIT $3";
    let rows: Vec<(Uuid, i64, DateTime<Utc>)> = on.sql(SQL, (channel, by, limit)).all().await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Returns pending sends as queue entries.
pub(crate) async fn job_entries(on: On<'_>, messages: &[MessageId]) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id, sends.queue_lane, sends.due_at FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.state || '' = 'pending'";
    let rows: Vec<(Uuid, i64, DateTime<Utc>)> = KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await?;
    Ok(rows.into_iter().map(entry).collect())
}

fn entry((id, queue_lane, due): (Uuid, i64, DateTime<Utc>)) -> JobEntry {
    JobEntry {
        id,
        due,
        lane: Lane::from_number(queue_lane),
    }
}

/// Counts the held sends that have not ended, by reason.
pub(crate) async fn count_held(on: On<'_>) -> Result<Vec<(HoldReason, i64)>> {
    const SQL: &str = "
        SELECT held, COUNT(*) FROM sends
        WHERE held IS NOT NULL AND state IN ('pending', 'running', 'quarantined') GROUP BY held";
    on.sql(SQL, ()).all().await
}

/// Clears rate limiter reservations and makes the sends due at `at`, for one channel or all channels of a tenant.
pub(crate) async fn clear_reservations(
    on: On<'_>,
    tenant: TenantId,
    channel: Option<ChannelId>,
    at: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET reserved_until = NULL, due_at = CASE WHEN due_at > $3 THEN $3 ELSE due_at END
        WHERE channel_id IN (SELECT id FROM channels WHERE tenant_id = $1 AND id = COALESCE($2, id)) AND finished_at IS NULL
            AND state || '' = 'pending' AND reserved_until IS NOT NULL";
    on.sql(SQL, (tenant, channel, at)).run().await
}

/// Makes sends due that are held for a circuit breaker that is closed or campaigns that are not paused: their worker held them while the
/// channel recovered.
pub(crate) async fn release_recovered(on: On<'_>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $1, last_error = NULL
        WHERE state = 'quarantined' AND held IN ('breaker', 'campaigns')
            AND channel_id IN (
                SELECT c.id FROM channels c
                WHERE CASE sends.held WHEN 'breaker' THEN c.tripped_at ELSE c.campaigns_paused_at END IS NULL)";
    on.sql(SQL, (now,)).run().await
}

/// Makes sends due that are held for a campaign that is not paused: their worker held them while it was resumed or canceled.
pub(crate) async fn release_resumed(on: On<'_>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $1, last_error = NULL
        WHERE state = 'quarantined' AND held = 'campaign_paused'
            AND EXISTS (
                SELECT 1 FROM campaigns c
                WHERE c.tenant_id = sends.tenant_id AND c.id = sends.campaign_id
                    AND c.status IN ('running', 'completed', 'canceled'))";
    on.sql(SQL, (now,)).run().await
}

/// Makes delayed sends due now and returns them as queue entries.
pub async fn make_due(on: On<'_>, messages: &[MessageId], now: DateTime<Utc>) -> Result<Vec<JobEntry>> {
    const SQL: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET due_at = r.at {FROM r}
        WHERE {sends.id = r.id} AND sends.state = 'pending' AND sends.due_at > r.at
        RETURNING sends.id, sends.queue_lane";
    let row = |id: &MessageId| (id.uuid(), now);
    let rows: Vec<(Uuid, i64)> = KeyedRows::new(SQL, messages.iter().map(row).collect()).all(on).await?;
    Ok(rows
        .into_iter()
        .map(|(id, queue_lane)| entry((id, queue_lane, now)))
        .collect())
}

/// Returns the sends that await a retry after a failure that Meta reported.
pub(crate) async fn awaiting_retry(on: On<'_>, messages: &[MessageId]) -> Result<Vec<(MessageId,)>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.not_before IS NOT NULL";
    KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await
}

/// Returns the sends that a worker has in hand.
pub async fn running(on: On<'_>, messages: &[MessageId]) -> Result<Vec<(MessageId,)>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        SELECT sends.id FROM {r CROSS JOIN} sends
        WHERE {sends.id = r.id} AND sends.state = 'running'";
    KeyedRows::new(SQL, messages.iter().map(|id| (id.uuid(),)).collect())
        .all(on)
        .await
}

/// Ends sends that need no more work, e.g. after a status has proven the message. Sends that a worker has in hand are left to it.
pub async fn finish(on: On<'_>, messages: &[MessageId], now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET state = 'done', held = NULL, not_before = NULL, finished_at = r.at {FROM r}
        WHERE {sends.id = r.id} AND sends.state IN ('pending', 'quarantined', 'dead')";
    let row = |id: &MessageId| (id.uuid(), now);
    KeyedRows::new(SQL, messages.iter().map(row).collect()).run(on).await
}

/// Holds messages that Meta reported as failed for the circuit breaker of their channel. Each loses the wamid of the failed attempt.
pub(crate) async fn hold_for_breaker(
    mut on: On<'_>,
    messages: &[(TenantId, MessageId, DateTime<Utc>)],
    moved: &mut MovedStatuses,
) -> Result<HashSet<MessageId>> {
    const SQL: &str = "
        WITH r (id) AS ({rows})
        UPDATE sends SET state = 'quarantined', held = 'breaker' {FROM r}
        WHERE {sends.id = r.id} AND sends.state = 'pending'";
    let queued = requeue(on.reborrow(), messages, moved).await?;
    KeyedRows::new(SQL, queued.iter().map(|id| (id.uuid(),)).collect())
        .run(on)
        .await?;
    Ok(queued)
}

/// Queues messages for a retry at the given time; each loses the wamid of the failed attempt. A worker that has a send in hand finds the
/// time when it concludes, or [`requeue_missed`] does. Returns the queued messages: a send that retention has removed is not retried, and
/// its message stays as it is.
pub async fn requeue(
    mut on: On<'_>,
    messages: &[(TenantId, MessageId, DateTime<Utc>)],
    moved: &mut MovedStatuses,
) -> Result<HashSet<MessageId>> {
    const MESSAGES: &str = "
        WITH r (id, tenant_id, status, status_rank) AS ({rows})
        UPDATE messages SET status = r.status, status_rank = r.status_rank, wamid = NULL
        FROM r
        WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.status IN ('failed', 'unknown')";
    const SENDS: &str = "
        WITH r (id, at) AS ({rows})
        UPDATE sends SET not_before = r.at, finished_at = NULL, last_error = NULL, reserved_until = NULL, queue_lane = lane,
            state = CASE sends.state WHEN 'running' THEN 'running' ELSE 'pending' END,
            held = CASE sends.state WHEN 'running' THEN sends.held END,
            due_at = CASE sends.state WHEN 'running' THEN sends.due_at ELSE r.at END {FROM r}
        WHERE {sends.id = r.id}
        RETURNING sends.id";
    let send = |it: &(TenantId, MessageId, DateTime<Utc>)| (it.1.uuid(), it.2);
    let queued: Vec<(MessageId,)> = KeyedRows::new(SENDS, messages.iter().map(send).collect())
        .all(on.reborrow())
        .await?;
    let queued: HashSet<MessageId> = queued.into_iter().map(|(id,)| id).collect();
    let (status, rank) = (Status::Queued.as_str(), Status::Queued.rank());
    let message = |it: &(TenantId, MessageId, DateTime<Utc>)| (it.1.uuid(), it.0.uuid(), status.to_owned(), rank);
    let requeued = || messages.iter().filter(|it| queued.contains(&it.1));
    moved.note(on.reborrow(), requeued().map(|it| (it.0, it.1))).await?;
    Rows::new(MESSAGES, requeued().map(message).collect()).run(on).await?;
    Ok(queued)
}

/// Makes sends due whose retry was requested while their worker was about to mark them as done.
pub(crate) async fn requeue_missed(on: On<'_>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', due_at = not_before, finished_at = NULL
        WHERE state = 'done' AND not_before IS NOT NULL
            AND EXISTS (SELECT 1 FROM messages m WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status = 'queued')";
    on.sql(SQL, ()).run().await
}

/// Makes held sends due that are past their expiry, so that they expire. Those of paused campaigns are not: their time goes on with the
/// campaign.
pub(crate) async fn expire_held(on: On<'_>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'pending', held = NULL, finished_at = NULL, due_at = $1, last_error = NULL
        WHERE state = 'quarantined' AND held NOT IN ('unknown', 'campaign_paused') AND expires_at <= $1";
    on.sql(SQL, (now,)).run().await
}

/// Ends sends that were held as unknown and whose messages are settled by now.
pub(crate) async fn finish_resolved(on: On<'_>, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE sends SET state = 'done', held = NULL, finished_at = $1
        WHERE state = 'quarantined' AND held = 'unknown' AND EXISTS (
            SELECT 1 FROM messages m
            WHERE m.tenant_id = sends.tenant_id AND m.id = sends.id AND m.status NOT IN ('queued', 'sending', 'unknown'))";
    on.sql(SQL, (now,)).run().await
}

/// Stores a person's decision on the newest attempt of an `unknown` message. Returns the attempt's id, or `None` if a worker has the send
/// in hand or the message is settled by now. All rows involved stay locked until the commit.
pub(crate) async fn record_resolution(
    mut on: On<'_>,
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
    let unknown = on.reborrow().sql(MESSAGE, (tenant, id)).run().await? == 1;
    let attempt = on.reborrow().sql(ATTEMPT, (tenant, id, outcome, now)).opt().await?;
    let free = on.sql(SEND, (tenant, id)).run().await? == 1;
    Ok(attempt.filter(|_| unknown && free))
}

/// Counts the waiting sends of a channel by lane, including those held for its circuit breaker or paused campaigns.
pub async fn count_waiting(on: On<'_>, tenant: TenantId, channel: ChannelId) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "
        SELECT lane, COUNT(*) FROM (
            SELECT lane FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND finished_at IS NULL AND state IN ('pending', 'running')
            UNION ALL
            SELECT lane FROM sends
            WHERE tenant_id = $1 AND channel_id = $2 AND state = 'quarantined' AND held IN ('breaker', 'campaigns', 'campaign_paused')
        ) AS waiting
        GROUP BY lane";
    on.sql(SQL, (tenant, channel)).all().await
}
