use chrono::{DateTime, Utc};

use super::schedules::StoredSchedule;
use crate::{
    db::{On, Result},
    domain::{RunStatus, ScheduleId, TaskId, TaskKind, TenantId},
};

/// Rows that are removed at once.
const CHUNK: i64 = 500;

/// A run of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
#[schema(as = ScheduleRun)]
pub struct StoredRun {
    pub planned_at: DateTime<Utc>,
    #[schema(inline)]
    pub status: RunStatus,
    /// Whether somebody asked for it, at a time that the schedule does not have.
    pub asked: bool,
    /// Null if nothing was started.
    #[schema(required)]
    pub task_id: Option<TaskId>,
    /// The process that started it.
    pub worker: String,
    pub started_at: DateTime<Utc>,
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Planned times before it that passed without a run; 10,001 is more than 10,000.
    #[schema(minimum = 0)]
    pub skipped: i64,
    /// Why it failed, or nothing was started.
    #[schema(required)]
    pub error: Option<String>,
}

/// Inserts a run. Returns false if its planned time has one.
pub(crate) async fn insert(on: On<'_>, of: &StoredSchedule, run: &StoredRun) -> Result<bool> {
    const SQL: &str = "
        INSERT INTO schedule_runs
            (tenant_id, schedule_id, planned_at, status, asked, task_id, worker, started_at, finished_at, skipped, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (tenant_id, schedule_id, planned_at) DO NOTHING";
    let args = (
        of.tenant_id,
        of.id,
        run.planned_at,
        run.status,
        run.asked,
        run.task_id,
        run.worker.clone(),
        run.started_at,
        run.finished_at,
        run.skipped,
        run.error.clone(),
    );
    Ok(on.sql(SQL, args).run().await? > 0)
}

/// Returns the planned time of a run whose task has not ended.
pub(crate) async fn find_open(on: On<'_>, of: &StoredSchedule) -> Result<Option<DateTime<Utc>>> {
    const SQL: &str = "
        SELECT r.planned_at FROM schedule_runs r JOIN tasks t ON t.id = r.task_id
        WHERE r.tenant_id = $1 AND r.schedule_id = $2 AND r.status = 'fired' AND t.state || '' IN ('pending', 'running', 'quarantined')
        ORDER BY r.planned_at LIMIT 1";
    let found: Option<(DateTime<Utc>,)> = on.sql(SQL, (of.tenant_id, of.id)).opt().await?;
    Ok(found.map(|(planned,)| planned))
}

/// Notes the end of runs whose task was given up, or set aside, by nobody who would have noted it.
pub(crate) async fn note_given_up(on: On<'_>, of: &StoredSchedule, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE schedule_runs
        SET status = 'failed', finished_at = $3,
            error = COALESCE((SELECT t.last_error FROM tasks t WHERE t.id = schedule_runs.task_id), 'its task was set aside')
        WHERE tenant_id = $1 AND schedule_id = $2 AND status = 'fired'
            AND NOT EXISTS (
                SELECT 1 FROM tasks t
                WHERE t.id = schedule_runs.task_id AND t.state || '' IN ('pending', 'running', 'quarantined', 'done'))";
    on.sql(SQL, (of.tenant_id, of.id, now)).run().await.map(drop)
}

/// Notes that the task of a run is done, in its transaction. A task that is of no run changes nothing.
pub(crate) async fn note_done(on: On<'_>, task: TaskId, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE schedule_runs SET status = 'done', finished_at = $2, error = NULL
        WHERE task_id = $1 AND status || '' IN ('fired', 'failed')";
    on.sql(SQL, (task, now)).run().await.map(drop)
}

/// Lists the runs of a schedule before a planned time, newest first. A run whose task was given up is shown as failed.
pub async fn list(
    on: On<'_>,
    tenant: TenantId,
    schedule: ScheduleId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<StoredRun>> {
    const SQL: &str = "
        SELECT r.planned_at, CASE WHEN r.status = 'fired' AND t.state IN ('dead', 'discarded') THEN 'failed' ELSE r.status END AS status,
            r.asked, r.task_id, r.worker, r.started_at, COALESCE(r.finished_at, t.finished_at) AS finished_at, r.skipped,
            COALESCE(r.error, CASE WHEN r.status = 'fired' THEN t.last_error END) AS error
        FROM schedule_runs r LEFT JOIN tasks t ON t.id = r.task_id
        WHERE r.tenant_id = $1 AND r.schedule_id = $2 AND r.planned_at < $3
        ORDER BY r.planned_at DESC LIMIT $4";
    on.sql(SQL, (tenant, schedule, before, limit)).all().await
}

/// Removes ended runs that were planned before a time, some at a time, and returns how many.
pub(crate) async fn remove(on: On<'_>, of: &StoredSchedule, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM schedule_runs WHERE tenant_id = $1 AND schedule_id = $2 AND planned_at IN (
            SELECT planned_at FROM schedule_runs
            WHERE tenant_id = $1 AND schedule_id = $2 AND planned_at < $3 AND status <> 'fired'
            ORDER BY planned_at LIMIT $4)";
    on.sql(SQL, (of.tenant_id, of.id, before, CHUNK)).run().await
}

/// Removes ended tasks of schedules with ids before one, some at a time, and returns how many.
pub(crate) async fn remove_tasks(on: On<'_>, tenant: TenantId, kind: TaskKind, before: TaskId) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM tasks WHERE id IN (
            SELECT id FROM tasks WHERE tenant_id = $1 AND kind = $2 AND id < $3 AND finished_at IS NOT NULL ORDER BY id LIMIT $4)";
    on.sql(SQL, (tenant, kind, before, CHUNK)).run().await
}
