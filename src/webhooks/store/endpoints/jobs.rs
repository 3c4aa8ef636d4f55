//! Endpoint jobs: one row for each endpoint in the queue of the dispatcher.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, Hint, KeyedRows, On, Result, Tx},
    domain::{EndpointId, Id, TenantId},
    queue::Queue,
};

/// The queue of endpoints with due deliveries.
pub const ENDPOINT_JOBS: Queue = Queue::new("webhook-deliveries", "endpoint_jobs");

/// Due time of the job of an endpoint without pending deliveries, until it is woken.
const FAR_AHEAD: TimeDelta = TimeDelta::days(36_500);
/// Time after which a due delivery counts as overlooked: its hint was lost.
const OVERLOOKED: TimeDelta = TimeDelta::seconds(2);

pub async fn insert_job(on: impl Into<On<'_>>, tenant: TenantId, id: EndpointId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "INSERT INTO endpoint_jobs (id, tenant_id, due_at) VALUES ($1, $2, $3)";
    on.into().sql(SQL, (id, tenant, now + FAR_AHEAD)).run().await
}

/// Makes idle jobs due now, and returns which. Skips jobs whose breaker is open, whose endpoint is disabled, or that failed (have attempts)
/// and wait for their retry.
///
/// Call it after the commit of what makes them due: a running job reads its deliveries once more, with its row locked, before it is
/// rescheduled.
pub async fn wake_jobs(on: impl Into<On<'_>>, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE endpoint_jobs SET due_at = r.now {FROM r}
        WHERE {endpoint_jobs.id = r.rid} AND state || '' = 'pending' AND due_at > r.now AND attempts = 0
            AND NOT EXISTS (SELECT 1 FROM endpoints e
                WHERE e.id = r.rid AND (e.probe_at > r.now OR e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL))
        RETURNING id";
    let rows: Vec<(Uuid, DateTime<Utc>)> = ids.iter().map(|id| (*id, now)).collect();
    let woken: Vec<(EndpointId,)> = KeyedRows::new(SQL, rows).all(on).await?;
    Ok(woken.into_iter().map(|(id,)| id).collect())
}

/// Returns the attempt number of a running job; `None` if it is not running.
pub async fn running_attempt(on: impl Into<On<'_>>, id: EndpointId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT attempts FROM endpoint_jobs WHERE id = $1 AND state = 'running'";
    let found: Option<(i64,)> = on.into().sql(SQL, (id,)).opt().await?;
    Ok(found.map(|(attempt,)| attempt))
}

/// Reschedules a job that ran with this attempt number, for its next due delivery and not before `rest`; returns the due time. A job that
/// another worker has taken over is left alone.
pub async fn reschedule_job(
    db: &Db,
    (id, attempt): (EndpointId, i64),
    rest: EndpointRest,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    const POSTGRES_LOCK: &str = "SELECT id FROM endpoint_jobs WHERE id = $1 FOR UPDATE";
    const NEXT: &str = "SELECT MIN(due_at) FROM deliveries WHERE endpoint_id = $1 AND state = 'pending'";
    const RESCHEDULE: &str = "
        UPDATE endpoint_jobs SET state = 'pending', attempts = 0, last_error = NULL, due_at = $2
        WHERE id = $1 AND state = 'running' AND attempts = $3";
    let reschedule = async |tx: &mut Tx| {
        if tx.is_postgres() {
            // A concurrent wake waits for this lock; deliveries committed before it are seen by the query below.
            tx.sql(POSTGRES_LOCK, (id,)).opt::<(Uuid,)>().await?;
        }
        let due = match rest {
            EndpointRest::Disabled => now + FAR_AHEAD,
            EndpointRest::Until(until) => {
                let (next,): (Option<DateTime<Utc>>,) = tx.sql(NEXT, (id,)).one().await?;
                let next = next.unwrap_or(now + FAR_AHEAD);
                until.map_or(next, |until| next.max(until)).max(now)
            }
        };
        let changed = tx.sql(RESCHEDULE, (id, due, attempt)).run().await?;
        Ok((changed > 0).then_some(due))
    };
    db.transaction(reschedule).await
}

/// How long a job rests, whatever is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointRest {
    Until(Option<DateTime<Utc>>),
    /// Until it is woken.
    Disabled,
}

/// Makes idle jobs with due deliveries due now, and returns them. Such jobs exist where a hint was lost, where two transactions did not see
/// each other, and where a person discarded a job. Failed jobs keep their wait.
pub async fn overdue_jobs(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        UPDATE endpoint_jobs SET state = 'pending', due_at = $1, finished_at = NULL
        WHERE (state <> 'running' AND (state <> 'pending' OR (due_at > $1 AND attempts = 0)))
            AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = endpoint_jobs.id AND e.disabled_at IS NULL
                AND e.deleted_at IS NULL AND COALESCE(e.probe_at, $1) <= $1)
            AND EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = endpoint_jobs.id AND d.state = 'pending'
                AND d.due_at <= $2)
        RETURNING id";
    let idle: Vec<(EndpointId,)> = on.into().sql(SQL, (now, now - OVERLOOKED)).all().await?;
    Ok(idle.into_iter().map(|(id,)| id).collect())
}

/// Wakes these endpoints' jobs after the commit of the transaction.
pub fn wake_after_commit(tx: &mut Tx, ids: impl IntoIterator<Item = EndpointId>) {
    for id in ids {
        tx.hint(Hint {
            queue: ENDPOINT_JOBS.name,
            id: id.uuid(),
        });
    }
}
