//! Reads open rows and writes their changes with optimistic locking.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Queue, dead_letters::REFUSED};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, KeyedRows, On};

/// A row that is pending or running.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OpenRow {
    pub id: Uuid,
    pub state: WorkState,
    pub attempts: i64,
    pub due_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub lane: i64,
}

impl OpenRow {
    pub fn is_running(&self) -> bool {
        self.state == WorkState::Running
    }
}

/// Reads those of the rows that are pending or running.
pub async fn open_rows(on: On<'_>, queue: &Queue, ids: &[Uuid]) -> db::Result<Vec<OpenRow>> {
    const SQL: &str = "
        WITH r (rid) AS ({rows})
        SELECT id, state, attempts, due_at, last_error, CAST({lane} AS BIGINT) AS lane
        FROM {r CROSS JOIN} {t}
        WHERE {id = r.rid} AND state || '' IN ('pending', 'running')";
    KeyedRows::built(queue.sql(SQL), ids.iter().map(|id| (*id,)).collect())
        .all(on)
        .await
}

/// A row as it was read, and its new values.
#[derive(Clone, Debug)]
pub struct RowChange {
    pub was: OpenRow,
    pub state: WorkState,
    pub attempts: i64,
    pub due_at: DateTime<Utc>,
    pub last_error: Option<String>,
    /// Set for a final state.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether it is dead for good: not to be revived.
    pub is_refused: bool,
}

impl RowChange {
    /// Creates a change that keeps all values.
    pub fn unchanged(was: OpenRow) -> Self {
        Self {
            state: if was.is_running() {
                WorkState::Running
            } else {
                WorkState::Pending
            },
            attempts: was.attempts,
            due_at: was.due_at,
            last_error: was.last_error.clone(),
            finished_at: None,
            is_refused: false,
            was,
        }
    }
}

/// Writes the changes of rows that are unchanged since they were read (optimistic locking) and returns their ids.
pub async fn apply_changes(on: On<'_>, queue: &Queue, changes: &[RowChange]) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, was_state, was_attempts, new_state, new_attempts, new_due_at, new_error, new_finished_at, refused) AS ({rows})
        UPDATE {t}
        SET state = r.new_state, attempts = r.new_attempts, due_at = r.new_due_at, last_error = r.new_error,
            finished_at = r.new_finished_at, revivals = revivals + r.refused {FROM r}
        WHERE {id = r.rid} AND state || '' = r.was_state AND attempts = r.was_attempts
        RETURNING id";
    let rows = changes
        .iter()
        .map(|to| {
            (
                to.was.id,
                to.was.state,
                to.was.attempts,
                to.state.as_str().to_owned(),
                to.attempts,
                to.due_at,
                to.last_error.clone(),
                to.finished_at,
                if to.is_refused { REFUSED } else { 0 },
            )
        })
        .collect();
    let changed: Vec<(Uuid,)> = KeyedRows::built(queue.sql(SQL), rows).all(on).await?;
    Ok(changed.into_iter().map(|(id,)| id).collect())
}
