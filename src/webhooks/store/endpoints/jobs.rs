//! Endpoint jobs: one row for each endpoint in the queue of the dispatcher.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, Hint, On, Result, Tx},
    domain::{EndpointId, Id, TenantId},
    queue::{
        Lease, Queue, Recurring,
        recurring::{self, RecurringRow, UNTIL_WOKEN},
    },
};

/// The queue of endpoints with due deliveries. A row is idle while the breaker of its endpoint is open, or the endpoint disabled.
pub const ENDPOINT_JOBS: Queue =
    Queue::new("webhook-deliveries", "endpoint_jobs").recurring(Recurring::by_id().resting_while(
        "EXISTS (SELECT 1 FROM endpoints e
            WHERE e.id = r.rid AND (e.probe_at > r.now OR e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL))",
    ));

/// Time after which a due delivery counts as overlooked: its hint was lost.
const OVERLOOKED: TimeDelta = TimeDelta::seconds(2);

pub(crate) async fn insert_job(on: On<'_>, tenant: TenantId, id: EndpointId, now: DateTime<Utc>) -> Result<()> {
    let row = RecurringRow::new(id, tenant);
    recurring::ensure(on, &ENDPOINT_JOBS, &[row], now, now + UNTIL_WOKEN)
        .await
        .map(drop)
}

/// Reschedules a job that ran under this lease, for its next due delivery and not before `rest`; returns the due time. A job that
/// another worker has taken over is left alone.
pub async fn reschedule_job(
    db: &Db,
    lease: Lease,
    rest: EndpointRest,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    const NEXT: &str = "SELECT MIN(due_at) FROM deliveries WHERE endpoint_id = $1 AND state = 'pending'";
    let reschedule = async |tx: &mut Tx| {
        // Deliveries committed before are seen by the query below; who wakes the job for later ones waits for the row.
        if !recurring::hold(tx, &ENDPOINT_JOBS, lease).await? {
            return Ok(None);
        }
        let due = match rest {
            EndpointRest::Disabled => now + UNTIL_WOKEN,
            EndpointRest::Until(until) => {
                let (next,): (Option<DateTime<Utc>>,) = tx.sql(NEXT, (lease.id,)).one().await?;
                let next = next.unwrap_or(now + UNTIL_WOKEN);
                until.map_or(next, |until| next.max(until)).max(now)
            }
        };
        recurring::reschedule(tx.on(), &ENDPOINT_JOBS, lease, now, due).await
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

/// Returns idle jobs with due deliveries. Such jobs exist where a hint was lost, where two transactions did not see each other, and where a
/// person discarded a job. Failed jobs keep their wait.
pub async fn overdue_jobs(on: On<'_>, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    const SQL: &str = "
        SELECT l.id FROM endpoint_jobs l
        WHERE (l.state <> 'running' AND (l.state <> 'pending' OR (l.due_at > $1 AND l.attempts = 0)))
            AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = l.id AND e.disabled_at IS NULL
                AND e.deleted_at IS NULL AND COALESCE(e.probe_at, $1) <= $1)
            AND EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = l.id AND d.state = 'pending' AND d.due_at <= $2)";
    let idle: Vec<(Uuid,)> = on.sql(SQL, (now, now - OVERLOOKED)).all().await?;
    Ok(idle.into_iter().map(|(id,)| id).collect())
}

/// Wakes these endpoints' jobs after the commit of the transaction.
pub(crate) fn wake_after_commit(tx: &mut Tx, ids: impl IntoIterator<Item = EndpointId>) {
    for id in ids {
        tx.hint(Hint {
            queue: ENDPOINT_JOBS.name,
            id: id.uuid(),
        });
    }
}
