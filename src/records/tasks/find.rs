use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    clock::first_uuid_at,
    db::{On, Result, Tx},
    domain::{Actor, Id, TaskKind, TenantId, WorkState},
};

/// A task's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Task {
    pub id: Uuid,
    pub tenant_id: TenantId,
    /// What it is about: of an import or export its file, while there is one.
    pub subject: Option<Uuid>,
    /// JSON: what is to be done.
    pub spec: String,
    pub position: i64,
    /// JSON: what was counted so far.
    pub counts: Option<String>,
    /// JSON: what came of it.
    pub result: Option<String>,
    pub canceled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub state: WorkState,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl Task {
    /// Returns who began it.
    pub fn actor(&self) -> Actor {
        match self.created_by.parse() {
            Ok(key) => Actor::ApiKey(key),
            Err(_) => Actor::Operator,
        }
    }
}

macro_rules! columns {
    () => {
        "SELECT id, tenant_id, subject, spec, position, counts, result, canceled_at, created_at, created_by, state, attempts, last_error,
            finished_at
        FROM tasks "
    };
}

/// Finds a task of a tenant.
pub(crate) async fn find(on: On<'_>, tenant: TenantId, kind: TaskKind, id: impl Id) -> Result<Option<Task>> {
    const SQL: &str = concat!(columns!(), "WHERE id = $1 AND tenant_id = $2 AND kind = $3");
    on.sql(SQL, (id.uuid(), tenant, kind)).opt().await
}

/// Finds a task that a worker has in hand.
pub(crate) async fn find_leased(on: On<'_>, id: impl Id) -> Result<Option<Task>> {
    const SQL: &str = concat!(columns!(), "WHERE id = $1 AND state || '' = 'running'");
    on.sql(SQL, (id.uuid(),)).opt().await
}

/// Lists the tasks of a kind, newest first, starting before `before`.
pub(crate) async fn list(
    on: On<'_>,
    tenant: TenantId,
    kind: TaskKind,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Task>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE tenant_id = $1 AND kind = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
    );
    on.sql(SQL, (tenant, kind, before.unwrap_or(Uuid::max()), limit))
        .all()
        .await
}

/// Counts the tasks of a kind that have not ended.
pub(crate) async fn count_open(on: On<'_>, tenant: TenantId, kind: TaskKind) -> Result<i64> {
    const SQL: &str = "
        SELECT COUNT(*) FROM tasks WHERE tenant_id = $1 AND kind = $2 AND state || '' IN ('pending', 'running')";
    let (count,): (i64,) = on.sql(SQL, (tenant, kind)).one().await?;
    Ok(count)
}

/// Locks the making of a tenant's tasks of a kind until the end of the transaction, so that they can be counted first. No-op on SQLite, which
/// has one writer.
pub(crate) async fn lock_making(tx: &mut Tx, tenant: TenantId, kind: TaskKind) -> Result<()> {
    const POSTGRES: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    if tx.is_postgres() {
        tx.sql(POSTGRES, (format!("{kind} of {tenant}"),)).run().await?;
    }
    Ok(())
}

/// Returns when the tasks of a kind were made which were made after a time, the newest first, up to `most`.
pub(crate) async fn made_since(
    on: On<'_>,
    tenant: TenantId,
    kind: TaskKind,
    since: DateTime<Utc>,
    most: i64,
) -> Result<Vec<DateTime<Utc>>> {
    const SQL: &str = "
        SELECT created_at FROM tasks
        WHERE tenant_id = $1 AND kind = $2 AND id >= $3 AND created_at > $4
        ORDER BY id DESC LIMIT $5";
    let args = (tenant, kind, first_uuid_at(since), since, most);
    let found: Vec<(DateTime<Utc>,)> = on.sql(SQL, args).all().await?;
    Ok(found.into_iter().map(|(at,)| at).collect())
}

/// Returns whether a task of a kind about this subject has not ended.
pub(crate) async fn is_open_for(on: On<'_>, tenant: TenantId, kind: TaskKind, subject: impl Id) -> Result<bool> {
    const SQL: &str = "
        SELECT COUNT(*) FROM tasks
        WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND state || '' IN ('pending', 'running')";
    let (count,): (i64,) = on.sql(SQL, (tenant, kind, subject.uuid())).one().await?;
    Ok(count > 0)
}

/// Returns the ids and specs of the tasks of a kind that have not ended.
pub(crate) async fn open_specs(on: On<'_>, tenant: TenantId, kind: TaskKind) -> Result<Vec<(Uuid, String)>> {
    const SQL: &str = "
        SELECT id, spec FROM tasks WHERE tenant_id = $1 AND kind = $2 AND state || '' IN ('pending', 'running') ORDER BY id";
    on.sql(SQL, (tenant, kind)).all().await
}

/// Returns the task of a kind about this subject that was made last.
pub(crate) async fn last_about(on: On<'_>, tenant: TenantId, kind: TaskKind, subject: Uuid) -> Result<Option<Task>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE tenant_id = $1 AND kind = $2 AND subject = $3 ORDER BY id DESC LIMIT 1"
    );
    on.sql(SQL, (tenant, kind, subject)).opt().await
}

/// Returns the oldest task of a kind that has not ended: the one whose turn it is where a tenant has one running at a time.
pub(crate) async fn first_open(on: On<'_>, tenant: TenantId, kind: TaskKind) -> Result<Option<Uuid>> {
    const SQL: &str = "
        SELECT id FROM tasks WHERE tenant_id = $1 AND kind = $2 AND state || '' IN ('pending', 'running')
        ORDER BY id LIMIT 1";
    let found: Option<(Uuid,)> = on.sql(SQL, (tenant, kind)).opt().await?;
    Ok(found.map(|(id,)| id))
}
