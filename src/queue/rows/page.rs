use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{self, Db, Sql},
    domain::WorkState,
    queue::{Entry, Lane, Queue},
};

/// Rows in a page of the sweep.
pub const PAGE: usize = 2_000;

/// A row that became due this recently was surely pushed by whoever made it so, and is left out.
const GRACE: TimeDelta = TimeDelta::seconds(2);

/// How far ahead the sweep looks. It must have come round by then: what was promised to come at a time is to be in the driver before.
const AHEAD: TimeDelta = TimeDelta::seconds(20);

/// Where a page ended.
pub type Cursor = (DateTime<Utc>, Uuid);

/// Rows that want work.
#[derive(Debug, Default)]
pub struct Page {
    pub pending: Vec<Entry>,
    /// Leased, and the lease has ended.
    pub expired: Vec<Uuid>,
    /// Where to go on; none if this was the last page.
    pub next: Option<Cursor>,
}

#[derive(sqlx::FromRow)]
struct Due {
    id: Uuid,
    state: String,
    due_at: DateTime<Utc>,
    lane: i64,
}

/// The next page of rows that have been due for two seconds, oldest first, and after them of those that will be within [`AHEAD`].
pub async fn due_page(db: &Db, queue: &Queue, after: Option<Cursor>, now: DateTime<Utc>) -> db::Result<Page> {
    const SQL: &str = "
        SELECT id, state, due_at, CAST({lane} AS BIGINT) AS lane
        FROM {t}
        WHERE state IN ('pending', 'running') AND (due_at, id) > ($1, $2) AND due_at <= $3
          AND (due_at <= $4 OR (state = 'pending' AND due_at > $5))
        ORDER BY due_at, id
        LIMIT $6";
    let (since, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let until = now + AHEAD;
    let args = (since, id, until, now - GRACE, now, PAGE as i64);
    let rows: Vec<Due> = db.reader().sql(Sql::built(queue.sql(SQL)), args).all().await?;
    let mut page = Page::default();
    if rows.len() == PAGE {
        page.next = rows.last().map(|row| (row.due_at, row.id));
    }
    for row in rows {
        if row.state == WorkState::Running.as_str() {
            page.expired.push(row.id);
        } else {
            page.pending.push(Entry {
                id: row.id,
                due: row.due_at,
                lane: Lane::of(row.lane),
            });
        }
    }
    Ok(page)
}
