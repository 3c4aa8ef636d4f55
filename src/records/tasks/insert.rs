use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result},
    domain::{Actor, Id, TaskKind, TenantId, WorkState},
};

/// A task to insert.
#[derive(Clone, Debug)]
pub(crate) struct NewTask<I> {
    pub tenant: TenantId,
    pub id: I,
    pub kind: TaskKind,
    /// What it is about, such as a segment.
    pub subject: Option<Uuid>,
    /// JSON: what is to be done.
    pub spec: String,
    /// JSON: what is counted before it begins.
    pub counts: Option<String>,
    /// Whether it waits for its file, and is not due before that is complete.
    pub waits: bool,
    pub by: Actor,
}

/// Inserts a task.
pub(crate) async fn insert<I: Id>(on: On<'_>, task: &NewTask<I>, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "
        INSERT INTO tasks (id, tenant_id, kind, subject, spec, counts, created_at, created_by, due_at, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9)";
    let args = (
        task.id.uuid(),
        task.tenant,
        task.kind,
        task.subject,
        task.spec.clone(),
        task.counts.clone(),
        now,
        task.by.to_string(),
        if task.waits {
            WorkState::Quarantined
        } else {
            WorkState::Pending
        },
    );
    on.sql(SQL, args).run().await.map(drop)
}
