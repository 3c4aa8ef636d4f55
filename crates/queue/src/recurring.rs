//! Recurring jobs: a row for each thing that is worked on again and again. It never ends, and is never given up, only retried less often.
//!
//! - Whoever makes the thing [ensures](ensure) that it has a row. Rows known by a name are also made by the first [request].
//! - The handler takes the [lease] of its row when it begins, and [reschedules](reschedule) the row in the transaction that does its work.
//!   A row that another worker took over is left alone, and the transaction is to be rolled back.
//! - [`request`] makes a row due though its work was done: something changed that only another run sees. A run that began before is
//!   followed by another.
//! - [`wake`] makes a row due that waits for work, after the commit that brings the work. It passes over a row in hand, whose handler
//!   looks for more work once it [holds](hold) the row, and a row that failed, which keeps its backoff.
//!
//! `attempts` counts the failures since the last success, and `last_error` is the latest of them.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Lease, Queue};
use mainstay_core::domain::{Id, TenantId};
use mainstay_db::{KeyedRows, On, Result, Rows, Sql, Tx};

/// Time to the due time of a row that waits until it is woken.
pub const UNTIL_WOKEN: TimeDelta = TimeDelta::days(36_500);
/// Number of failures in a row from which a job counts as failing.
const FAILING_FROM: i64 = 5;

/// A row of a recurring queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurringRow {
    pub id: Uuid,
    pub tenant: TenantId,
    /// What it is known by within its tenant, in a queue of named rows.
    pub name: Option<String>,
}

impl RecurringRow {
    /// Creates the row of a thing, under the thing's id.
    pub fn new(id: impl Id, tenant: TenantId) -> Self {
        Self {
            id: id.uuid(),
            tenant,
            name: None,
        }
    }

    /// Creates a row that is known by its tenant and this name. The id is used if there is none yet.
    pub fn named(id: impl Id, tenant: TenantId, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::new(id, tenant)
        }
    }
}

/// Inserts the rows that are missing, due at `due`, and returns their ids. Leaves the others as they are.
pub async fn ensure(
    on: On<'_>,
    queue: &Queue,
    rows: &[RecurringRow],
    now: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (id, tenant_id, name, requested_at, due_at) AS ({rows})
        INSERT INTO {t} (id, tenant_id, {name}requested_at, due_at)
        SELECT id, tenant_id, {value}requested_at, due_at FROM r
        WHERE true
        ON CONFLICT ({key}) DO NOTHING
        RETURNING id";
    let row = |it: &RecurringRow| (it.id, it.tenant.uuid(), it.name.clone(), now, due);
    let new: Vec<(Uuid,)> = Rows::built(text(queue, SQL), rows.iter().map(row).collect())
        .all(on)
        .await?;
    Ok(new.into_iter().map(|(id,)| id).collect())
}

/// Makes a row due at `due`, or earlier if it is due earlier, with its attempts reset; inserts it if it is missing. Requests are coalesced. A
/// running job is followed by another, because it may have begun before the change.
pub async fn request(
    on: On<'_>,
    queue: &Queue,
    row: RecurringRow,
    now: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        WITH r (id, tenant_id, name, requested_at, due_at) AS ({rows})
        INSERT INTO {t} (id, tenant_id, {name}requested_at, due_at)
        SELECT id, tenant_id, {value}requested_at, due_at FROM r
        WHERE true
        ON CONFLICT ({key}) DO UPDATE
        SET requested_at = excluded.requested_at, finished_at = NULL,
            state = CASE {t}.state WHEN 'running' THEN 'running' ELSE 'pending' END,
            attempts = CASE {t}.state WHEN 'running' THEN {t}.attempts ELSE 0 END,
            due_at = CASE WHEN {t}.state = 'running' OR ({t}.state = 'pending' AND {t}.due_at < excluded.due_at)
                THEN {t}.due_at ELSE excluded.due_at END";
    let rows = vec![(row.id, row.tenant.uuid(), row.name, now, due)];
    Rows::built(text(queue, SQL), rows).run(on).await.map(drop)
}

/// Makes idle rows due now, and returns which. Idle is a row that is due later and did not fail, or that a person set aside. Rows whose queue
/// says that they [rest](super::Recurring::resting_while) are left alone.
///
/// Call it after the commit of what makes them due: a job in hand looks for work once more, with its row held, before it is rescheduled.
pub async fn wake(on: On<'_>, queue: &Queue, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE {t} SET state = 'pending', due_at = r.now, finished_at = NULL {FROM r}
        WHERE {{t}.id = r.rid} AND state || '' <> 'running'
            AND (state || '' <> 'pending' OR (due_at > r.now AND attempts = 0)) AND NOT ({rests})
        RETURNING id";
    let rows = ids.iter().map(|id| (*id, now)).collect();
    let woken: Vec<(Uuid,)> = KeyedRows::built(text(queue, SQL), rows).all(on).await?;
    Ok(woken.into_iter().map(|(id,)| id).collect())
}

/// Returns the lease of a running job; `None` if the row is not running. For a handler when it begins, and so holds the lease.
pub async fn lease(on: On<'_>, queue: &Queue, id: impl Id) -> Result<Option<Lease>> {
    const SQL: &str = "SELECT id, attempts AS attempt FROM {t} WHERE id = $1 AND state || '' = 'running'";
    on.sql(Sql::built(text(queue, SQL)), (id.uuid(),)).opt().await
}

/// Locks the row of a lease until the end of the transaction, and returns whether the lease still holds. Work that is committed before is
/// seen from here on; who [wakes](wake) the row for later work waits for the lock.
pub async fn hold(tx: &mut Tx, queue: &Queue, lease: Lease) -> Result<bool> {
    const POSTGRES: &str = "
        SELECT id FROM {t} WHERE id = $1 AND state || '' = 'running' AND attempts = $2 FOR UPDATE";
    const SQLITE: &str = "SELECT id FROM {t} WHERE id = $1 AND state || '' = 'running' AND attempts = $2";
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let held: Option<(Uuid,)> = tx
        .sql(Sql::built(text(queue, sql)), (lease.id, lease.attempt))
        .opt()
        .await?;
    Ok(held.is_some())
}

/// Makes the row of a run that began at `began` and succeeded due again: at `next`, or at once if another was requested since `began`.
/// Returns the due time; `None` if another worker has taken the row over.
pub async fn reschedule(
    on: On<'_>,
    queue: &Queue,
    lease: Lease,
    began: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "
        UPDATE {t}
        SET state = 'pending', attempts = 0, last_error = NULL,
            due_at = CASE WHEN requested_at > $3 THEN requested_at ELSE $4 END
        WHERE id = $1 AND state || '' = 'running' AND attempts = $2
        RETURNING due_at";
    let args = (lease.id, lease.attempt, began, next);
    let due: Option<(DateTime<Utc>,)> = on.sql(Sql::built(text(queue, SQL)), args).opt().await?;
    Ok(due.map(|(due,)| due))
}

/// Returns the number of rows that failed several times in a row.
pub async fn count_failing(on: On<'_>, queue: &Queue) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM {t}
        WHERE state IN ('pending', 'running') AND attempts - CASE state WHEN 'running' THEN 1 ELSE 0 END >= $1";
    let (count,) = on.sql(Sql::built(text(queue, SQL)), (FAILING_FROM,)).one().await?;
    Ok(count)
}

/// Inserts the queue's table and columns into an SQL text.
fn text(queue: &Queue, sql: &str) -> String {
    debug_assert!(queue.is_recurring(), "{} is not recurring", queue.name);
    let name = queue.recurring.and_then(|it| it.name);
    let rests = queue.recurring.map_or("FALSE", |it| it.rests);
    let (column, value, key) = match name {
        Some(name) => (format!("{name}, "), "name, ", format!("tenant_id, {name}")),
        None => (String::new(), "", "id".to_owned()),
    };
    let sql = sql.replace("{name}", &column).replace("{value}", value);
    queue.sql(&sql.replace("{key}", &key).replace("{rests}", rests))
}
