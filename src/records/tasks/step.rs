use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Task;
use crate::{
    db::{On, Result, Tx},
    domain::{Id, TaskKind, TenantId, WorkState},
    records::lock_order::Stage,
};

/// What a step begins with: the lease of the run, and the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    id: Uuid,
    attempt: i64,
    pub position: i64,
}

impl Fence {
    /// Returns the fence of the first step of a run.
    pub fn of(task: &Task) -> Self {
        Self {
            id: task.id,
            attempt: task.attempts,
            position: task.position,
        }
    }

    /// Returns the fence of the step after one that ended at this position.
    pub fn at(self, position: i64) -> Self {
        Self { position, ..self }
    }
}

/// Another worker has the task: the step is to be rolled back.
#[derive(Debug, thiserror::Error)]
#[error("another worker has taken the task over")]
struct LeaseLost;

fn lease_lost() -> sqlx::Error {
    sqlx::Error::AnyDriverError(Box::new(LeaseLost))
}

/// Returns whether a step failed because another worker has the task.
pub(crate) fn is_lease_lost(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::AnyDriverError(cause) if cause.is::<LeaseLost>())
}

/// Ends a step: writes position and counts, and returns whether the task was canceled meanwhile. Fails where another worker has the task,
/// and the step is to be rolled back. The last statement of the step but for events.
pub(crate) async fn step(tx: &mut Tx, fence: Fence, to: i64, counts: &str) -> Result<bool> {
    const SQL: &str = "
        UPDATE tasks SET position = $4, counts = $5
        WHERE id = $1 AND state || '' = 'running' AND attempts = $2 AND position = $3
        RETURNING canceled_at";
    Stage::Tasks.reach(tx);
    let args = (fence.id, fence.attempt, fence.position, to, counts.to_owned());
    let found: Option<(Option<DateTime<Utc>>,)> = tx.sql(SQL, args).opt().await?;
    found.map(|(canceled,)| canceled.is_some()).ok_or_else(lease_lost)
}

/// Gives a task back between two steps, due at `due`; its attempt does not count. Returns false where another worker has it.
pub(crate) async fn hand_back(on: On<'_>, fence: Fence, due: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "
        UPDATE tasks SET state = 'pending', attempts = attempts - 1, due_at = $4
        WHERE id = $1 AND state || '' = 'running' AND attempts = $2 AND position = $3";
    let changed = on
        .sql(SQL, (fence.id, fence.attempt, fence.position, due))
        .run()
        .await?;
    Ok(changed > 0)
}

/// How a task ends.
#[derive(Clone, Debug)]
pub(crate) struct TaskResult {
    /// `Done`, `Dead` if it failed, or `Discarded` if it was canceled.
    pub state: WorkState,
    /// Why it failed.
    pub error: Option<String>,
    /// JSON.
    pub result: Option<String>,
}

/// Ends a task. Fails where another worker has it, and the transaction is to be rolled back. A result that was noted before stays if there is
/// no other.
pub(crate) async fn end(tx: &mut Tx, fence: Fence, of: TaskResult, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE tasks SET state = $4, last_error = $5, result = COALESCE($6, result), finished_at = $7
        WHERE id = $1 AND state || '' = 'running' AND attempts = $2 AND position = $3";
    Stage::Tasks.reach(tx);
    let args = (
        fence.id,
        fence.attempt,
        fence.position,
        of.state,
        of.error,
        of.result,
        now,
    );
    match tx.sql(SQL, args).run().await? {
        0 => Err(lease_lost()),
        _ => Ok(()),
    }
}

/// Cancels a task: one that waits ends at once, and one in hand after its open step. Returns its id if it had not ended.
pub(crate) async fn cancel(
    on: On<'_>,
    tenant: TenantId,
    kind: TaskKind,
    id: impl Id,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE tasks
        SET canceled_at = COALESCE(canceled_at, $4),
            finished_at = CASE state WHEN 'pending' THEN $4 ELSE finished_at END,
            state = CASE state WHEN 'pending' THEN 'discarded' ELSE state END
        WHERE id = $1 AND tenant_id = $2 AND kind = $3 AND state || '' IN ('pending', 'running')";
    let changed = on.sql(SQL, (id.uuid(), tenant, kind, now)).run().await?;
    Ok(changed > 0)
}

/// Notes what came of a task so far. Within a step.
pub(crate) async fn note_result(on: On<'_>, fence: Fence, result: String) -> Result<()> {
    const SQL: &str = "UPDATE tasks SET result = $2 WHERE id = $1";
    on.sql(SQL, (fence.id, result)).run().await.map(drop)
}
