use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{Db, Hint, Keyed, On, Result, Tx},
    domain::{EndpointId, Id, TenantId},
    queue::Queue,
};

/// Endpoints whose deliveries are to be worked on.
pub const LINES: Queue = Queue::new("webhook-deliveries", "delivery_lines");

/// When a line is due whose endpoint has nothing waiting: not before it is woken.
const FAR_AHEAD: TimeDelta = TimeDelta::days(36_500);
/// What has been due for so long is overlooked by whoever had to say so.
const OVERLOOKED: TimeDelta = TimeDelta::seconds(2);

pub async fn insert_line(on: impl Into<On<'_>>, tenant: TenantId, id: EndpointId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "INSERT INTO delivery_lines (id, tenant_id, due_at) VALUES ($1, $2, $3)";
    on.into().sql(SQL, (id, tenant, now + FAR_AHEAD)).run().await
}

/// Makes lines due now that are neither due nor worked on, and tells which. One whose breaker is open, or that nothing is sent to, stays
/// as it is, and so does one that failed (it has attempts) until its wait is over. To be called once what makes them due is committed: a line in hand looks at its deliveries once more, with its row locked,
/// before it is put off.
pub async fn wake_lines(on: impl Into<On<'_>>, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE delivery_lines SET due_at = r.now {FROM r}
        WHERE {delivery_lines.id = r.rid} AND state || '' = 'pending' AND due_at > r.now AND attempts = 0
            AND NOT EXISTS (SELECT 1 FROM endpoints e
                WHERE e.id = r.rid AND (e.probe_at > r.now OR e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL))
        RETURNING id";
    let rows: Vec<(Uuid, DateTime<Utc>)> = ids.iter().map(|id| (*id, now)).collect();
    let woken: Vec<(EndpointId,)> = Keyed::new(SQL, rows).all(on).await?;
    Ok(woken.into_iter().map(|(id,)| id).collect())
}

/// The attempt at which a line is worked on; none if it is not.
pub async fn attempt_of_line(on: impl Into<On<'_>>, id: EndpointId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT attempts FROM delivery_lines WHERE id = $1 AND state = 'running'";
    let found: Option<(i64,)> = on.into().sql(SQL, (id,)).opt().await?;
    Ok(found.map(|(attempt,)| attempt))
}

/// Puts a line off that was worked on at that attempt, until its next delivery is due and not before `rest`, and tells until when. One
/// that another works on by now is left to them.
pub async fn conclude_line(
    db: &Db,
    (id, attempt): (EndpointId, i64),
    rest: Rest,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    const POSTGRES_LOCK: &str = "SELECT id FROM delivery_lines WHERE id = $1 FOR UPDATE";
    const NEXT: &str = "SELECT MIN(due_at) FROM deliveries WHERE endpoint_id = $1 AND state = 'pending'";
    const PUT_OFF: &str = "
        UPDATE delivery_lines SET state = 'pending', attempts = 0, last_error = NULL, due_at = $2
        WHERE id = $1 AND state = 'running' AND attempts = $3";
    let put_off = async |tx: &mut Tx| {
        if tx.is_postgres() {
            // Whoever wakes the line waits for this; what they have committed before is seen by what follows.
            tx.sql(POSTGRES_LOCK, (id,)).opt::<(Uuid,)>().await?;
        }
        let due = match rest {
            Rest::Disabled => now + FAR_AHEAD,
            Rest::Until(until) => {
                let (next,): (Option<DateTime<Utc>>,) = tx.sql(NEXT, (id,)).one().await?;
                let next = next.unwrap_or(now + FAR_AHEAD);
                until.map_or(next, |until| next.max(until)).max(now)
            }
        };
        let changed = tx.sql(PUT_OFF, (id, due, attempt)).run().await?;
        Ok((changed > 0).then_some(due))
    };
    db.transaction(put_off).await
}

/// How long a line rests whatever waits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    Until(Option<DateTime<Utc>>),
    /// Until somebody wakes it.
    Disabled,
}

/// Lines that are idle though a delivery of theirs is due, because whoever put it there could not say so or two transactions did not see
/// each other; and lines that a person set aside among the jobs. Those that failed have their wait. They are due from now on; tells
/// which they are.
pub async fn idle_lines(on: impl Into<On<'_>>, now: DateTime<Utc>) -> Result<Vec<EndpointId>> {
    const SQL: &str = "
        UPDATE delivery_lines SET state = 'pending', due_at = $1, finished_at = NULL
        WHERE (state <> 'running' AND (state <> 'pending' OR (due_at > $1 AND attempts = 0)))
            AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = delivery_lines.id AND e.disabled_at IS NULL
                AND e.deleted_at IS NULL AND COALESCE(e.probe_at, $1) <= $1)
            AND EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = delivery_lines.id AND d.state = 'pending'
                AND d.due_at <= $2)
        RETURNING id";
    let idle: Vec<(EndpointId,)> = on.into().sql(SQL, (now, now - OVERLOOKED)).all().await?;
    Ok(idle.into_iter().map(|(id,)| id).collect())
}

/// Has these lines woken once the transaction is committed.
pub fn wake_after(tx: &mut Tx, ids: impl IntoIterator<Item = EndpointId>) {
    for id in ids {
        tx.hint(Hint {
            queue: LINES.name,
            id: id.uuid(),
        });
    }
}
