use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result, Sql, Tx},
    domain::{MissedRunPolicy, ScheduleId, TaskKind, TenantId, WorkState},
    queue::Lease,
};

/// A schedule's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct StoredSchedule {
    pub id: ScheduleId,
    pub tenant_id: TenantId,
    pub name: String,
    /// The kind of its tasks.
    pub kind: TaskKind,
    pub cron: String,
    pub time_zone: String,
    /// JSON: the spec of its tasks.
    pub payload: String,
    pub missed: MissedRunPolicy,
    /// Seconds after a planned time within which its run is not late.
    pub grace_s: i64,
    pub paused_at: Option<DateTime<Utc>>,
    /// The next planned time.
    pub next_at: DateTime<Utc>,
    pub state: WorkState,
    pub attempts: i64,
    pub last_error: Option<String>,
}

macro_rules! columns {
    () => {
        "SELECT id, tenant_id, name, kind, cron, time_zone, payload, missed, grace_s, paused_at, next_at, state, attempts, last_error
        FROM schedules "
    };
}

/// Finds a schedule by its name.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, name: &str) -> Result<Option<StoredSchedule>> {
    const SQL: &str = concat!(columns!(), "WHERE tenant_id = $1 AND name = $2");
    on.sql(SQL, (tenant, name.to_owned())).opt().await
}

/// Finds the schedule of a lease; `None` if another worker has it.
pub(crate) async fn find_leased(on: On<'_>, lease: Lease) -> Result<Option<StoredSchedule>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE id = $1 AND state || '' = 'running' AND attempts = $2"
    );
    on.sql(SQL, (lease.id, lease.attempt)).opt().await
}

/// Lists the schedules of a tenant by name.
pub(crate) async fn list(on: On<'_>, tenant: TenantId) -> Result<Vec<StoredSchedule>> {
    const SQL: &str = concat!(columns!(), "WHERE tenant_id = $1 ORDER BY name");
    on.sql(SQL, (tenant,)).all().await
}

/// Locks a schedule until the end of the transaction, so that of two who look for an open run the second sees the run of the first.
pub(crate) async fn lock(tx: &mut Tx, id: ScheduleId) -> Result<()> {
    const POSTGRES: &str = "SELECT id FROM schedules WHERE id = $1 FOR UPDATE";
    const SQLITE: &str = "SELECT id FROM schedules WHERE id = $1";
    let locked: Option<(ScheduleId,)> = tx.sql(Sql::each(SQLITE, POSTGRES), (id,)).opt().await?;
    locked.map(|_| ()).ok_or(sqlx::Error::RowNotFound)
}

/// Inserts a schedule; changes pattern, zone and next time of one that has others.
pub(crate) async fn plan(on: On<'_>, schedule: &StoredSchedule, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        INSERT INTO schedules
            (id, tenant_id, name, kind, cron, time_zone, payload, missed, grace_s, next_at, requested_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)
        ON CONFLICT (tenant_id, name) DO UPDATE
        SET kind = excluded.kind, cron = excluded.cron, time_zone = excluded.time_zone, missed = excluded.missed,
            grace_s = excluded.grace_s, next_at = excluded.next_at,
            due_at = CASE WHEN schedules.state = 'running' OR schedules.paused_at IS NOT NULL
                THEN schedules.due_at ELSE excluded.due_at END
        WHERE schedules.kind <> excluded.kind OR schedules.cron <> excluded.cron
            OR schedules.time_zone <> excluded.time_zone OR schedules.missed <> excluded.missed
            OR schedules.grace_s <> excluded.grace_s";
    let args = (
        schedule.id,
        schedule.tenant_id,
        schedule.name.clone(),
        schedule.kind,
        schedule.cron.clone(),
        schedule.time_zone.clone(),
        schedule.payload.clone(),
        schedule.missed,
        schedule.grace_s,
        schedule.next_at,
        now,
    );
    on.sql(SQL, args).run().await.map(drop)
}

/// Writes the next planned time of a schedule that was fired, and gives its row back. The fence: returns false, and the transaction is to be
/// rolled back, where another worker has it, or it was fired, paused or planned anew meanwhile.
pub(crate) async fn advance(on: On<'_>, lease: Lease, planned: DateTime<Utc>, next: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "
        UPDATE schedules SET next_at = $4, due_at = $4, state = 'pending', attempts = 0, last_error = NULL
        WHERE id = $1 AND next_at = $3 AND state || '' = 'running' AND attempts = $2 AND paused_at IS NULL";
    let changed = on.sql(SQL, (lease.id, lease.attempt, planned, next)).run().await?;
    Ok(changed > 0)
}

/// Gives the row of a schedule back that is not due; `until` is its next time, or long after for one that is paused. Returns false like
/// [`advance`].
pub(crate) async fn rest(on: On<'_>, lease: Lease, of: &StoredSchedule, until: DateTime<Utc>) -> Result<bool> {
    const LIVE: &str = "
        UPDATE schedules SET due_at = $4, state = 'pending', attempts = 0, last_error = NULL
        WHERE id = $1 AND next_at = $3 AND state || '' = 'running' AND attempts = $2 AND paused_at IS NULL";
    const PAUSED: &str = "
        UPDATE schedules SET due_at = $4, state = 'pending', attempts = 0, last_error = NULL
        WHERE id = $1 AND next_at = $3 AND state || '' = 'running' AND attempts = $2 AND paused_at IS NOT NULL";
    let sql = if of.paused_at.is_some() { PAUSED } else { LIVE };
    let changed = on.sql(sql, (lease.id, lease.attempt, of.next_at, until)).run().await?;
    Ok(changed > 0)
}

/// Pauses a schedule, which rests until `until` or until it is resumed.
pub(crate) async fn pause(on: On<'_>, id: ScheduleId, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE schedules
        SET paused_at = $2, due_at = CASE state WHEN 'running' THEN due_at ELSE $3 END
        WHERE id = $1 AND paused_at IS NULL";
    on.sql(SQL, (id, now, until)).run().await.map(drop)
}

/// Resumes a schedule that is paused, or that was set aside in its queue.
pub(crate) async fn resume(on: On<'_>, id: ScheduleId, next: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE schedules
        SET paused_at = NULL, next_at = $2, finished_at = NULL,
            state = CASE state WHEN 'running' THEN 'running' ELSE 'pending' END,
            attempts = CASE state WHEN 'running' THEN attempts ELSE 0 END,
            due_at = CASE state WHEN 'running' THEN due_at ELSE $2 END
        WHERE id = $1 AND (paused_at IS NOT NULL OR state || '' = 'discarded')";
    on.sql(SQL, (id, next)).run().await.map(drop)
}
