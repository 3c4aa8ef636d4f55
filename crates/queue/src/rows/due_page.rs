use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{JobEntry, Lane, Queue};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, Db, Sql};

/// Rows per page of the sweep.
pub const PAGE_SIZE: usize = 2_000;

/// Rows that became due more recently than this are left out: they were most likely pushed when they were written.
const GRACE: TimeDelta = TimeDelta::seconds(2);

/// How far ahead the sweep looks. It must be longer than a round of the sweep, so that a scheduled job is in the driver before its due
/// time.
const LOOKAHEAD: TimeDelta = TimeDelta::seconds(20);

/// A keyset cursor: due time and id of the last row of a page.
pub type DueCursor = (DateTime<Utc>, Uuid);

/// One page of rows to push or rescue.
#[derive(Debug, Default)]
pub struct DuePage {
    pub pending: Vec<JobEntry>,
    /// Rows whose lease has expired.
    pub expired: Vec<Uuid>,
    /// Where the next page starts; none after the last one.
    pub next: Option<DueCursor>,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    state: String,
    due_at: DateTime<Utc>,
    lane: i64,
}

/// Reads the next page of rows that have been due for two seconds, oldest first, followed by those due within [`LOOKAHEAD`].
pub async fn due_page(db: &Db, queue: &Queue, after: Option<DueCursor>, now: DateTime<Utc>) -> db::Result<DuePage> {
    const SQL: &str = "
        SELECT id, state, due_at, CAST({lane} AS BIGINT) AS lane
        FROM {t}
        WHERE {kind}state IN ('pending', 'running') AND (due_at, id) > ($1, $2) AND due_at <= $3
          AND (due_at <= $4 OR (state = 'pending' AND due_at > $5))
        ORDER BY due_at, id
        LIMIT $6";
    let (since, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let until = now + LOOKAHEAD;
    let args = (since, id, until, now - GRACE, now, PAGE_SIZE as i64);
    let rows: Vec<DueRow> = db.reader().sql(Sql::built(queue.sql(SQL)), args).all().await?;
    let mut page = DuePage::default();
    if rows.len() == PAGE_SIZE {
        page.next = rows.last().map(|row| (row.due_at, row.id));
    }
    for row in rows {
        if row.state == WorkState::Running.as_str() {
            page.expired.push(row.id);
        } else {
            page.pending.push(JobEntry {
                id: row.id,
                due: row.due_at,
                lane: Lane::from_number(row.lane),
            });
        }
    }
    Ok(page)
}
