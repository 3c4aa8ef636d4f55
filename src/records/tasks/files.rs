//! Files of tasks in the object store, and the age at which files and tasks go. A task's `subject` names its file while there is one.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result},
    domain::{Id, TaskKind, TenantId},
};

/// Most tasks that are looked at once.
const CHUNK: i64 = 100;

/// Makes a task due whose file is complete now. Returns false if it is not waiting for its file.
pub(crate) async fn complete_upload(
    on: On<'_>,
    id: impl Id,
    spec: String,
    counts: String,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "
        UPDATE tasks SET state = 'pending', spec = $2, counts = $3, due_at = $4
        WHERE id = $1 AND state || '' = 'quarantined'";
    let changed = on.sql(SQL, (id.uuid(), spec, counts, now)).run().await?;
    Ok(changed > 0)
}

/// Removes a task whose file was refused.
pub(crate) async fn remove(on: On<'_>, tenant: TenantId, id: impl Id) -> Result<()> {
    const SQL: &str = "DELETE FROM tasks WHERE id = $1 AND tenant_id = $2";
    on.sql(SQL, (id.uuid(), tenant)).run().await.map(drop)
}

/// Returns tasks whose file is not needed any more: they ended before `ended`, or their upload began before `begun` and never ended.
pub(crate) async fn with_old_file(
    on: On<'_>,
    kind: TaskKind,
    ended: DateTime<Utc>,
    begun: DateTime<Utc>,
) -> Result<Vec<(Uuid, TenantId)>> {
    const SQL: &str = "
        SELECT id, tenant_id FROM tasks
        WHERE kind = $1 AND subject IS NOT NULL
            AND (finished_at < $2 OR (state || '' = 'quarantined' AND created_at < $3))
        ORDER BY id LIMIT $4";
    on.sql(SQL, (kind, ended, begun, CHUNK)).all().await
}

/// Notes that a task's file is gone. An upload that never ended is given up with it.
pub(crate) async fn file_is_gone(on: On<'_>, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        UPDATE tasks
        SET subject = NULL, finished_at = COALESCE(finished_at, $2),
            state = CASE state WHEN 'quarantined' THEN 'discarded' ELSE state END
        WHERE id = $1";
    on.sql(SQL, (id, now)).run().await.map(drop)
}

/// Removes tasks without a file that ended before a time, some at a time, and returns how many.
pub(crate) async fn remove_ended(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        DELETE FROM tasks WHERE id IN (
            SELECT id FROM tasks WHERE finished_at < $1 AND (subject IS NULL OR kind IN ('segment_count', 'preflight')) ORDER BY id LIMIT $2)";
    on.sql(SQL, (before, CHUNK)).run().await
}
