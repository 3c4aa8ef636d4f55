//! Lists, retry and discard of jobs; pauses of queues.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{JobEntry, Lane, Queue, Queues};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, Db, KeyedRows, Sql};

/// A job's row.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct JobRow {
    pub id: Uuid,
    pub state: WorkState,
    /// Runs counted so far.
    pub attempts: i64,
    /// When it is due; for a running job, when its lease expires.
    pub due_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
    /// When it was archived, if it was; it stays dead.
    pub archived_at: Option<DateTime<Utc>>,
}

/// The filter of a list of jobs. Not every value is a state of a row: a scheduled job is `pending` with a due time in the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Pending,
    Scheduled,
    Running,
    Done,
    Dead,
    Quarantined,
    Discarded,
}

impl JobState {
    pub const ALL: [JobState; 7] = [
        JobState::Pending,
        JobState::Scheduled,
        JobState::Running,
        JobState::Done,
        JobState::Dead,
        JobState::Quarantined,
        JobState::Discarded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Pending => "pending",
            JobState::Scheduled => "scheduled",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Dead => "dead",
            JobState::Quarantined => "quarantined",
            JobState::Discarded => "discarded",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Returns the SQL condition, with `$1` as now, and whether the list is ordered by due time instead of id. Each condition begins with
    /// that of a partial index, in the same words: SQLite uses the index only then.
    fn condition(self) -> (String, bool) {
        const OPEN: &str = "state IN ('pending', 'running')";
        const KEPT: &str = "state IN ('dead', 'quarantined', 'discarded')";
        match self {
            JobState::Pending => (format!("{OPEN} AND state = 'pending' AND due_at <= $1"), true),
            JobState::Scheduled => (format!("{OPEN} AND state = 'pending' AND due_at > $1"), true),
            JobState::Running => (format!("{OPEN} AND state = 'running' AND $1 = $1"), true),
            JobState::Done => ("state = 'done' AND $1 = $1".to_owned(), false),
            JobState::Dead | JobState::Quarantined | JobState::Discarded => {
                (format!("{KEPT} AND state = '{}' AND $1 = $1", self.as_str()), false)
            }
        }
    }
}

/// A keyset cursor: due time and id of the last row of the previous page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCursor {
    pub due_at: DateTime<Utc>,
    pub id: Uuid,
}

impl JobRow {
    pub fn cursor(&self) -> JobCursor {
        JobCursor {
            due_at: self.due_at,
            id: self.id,
        }
    }
}

/// Lists one page of jobs: open ones by due time, the earliest first; finished ones by id, the newest first.
pub async fn jobs(
    db: &Db,
    queue: &Queue,
    state: JobState,
    limit: i64,
    after: Option<JobCursor>,
    now: DateTime<Utc>,
) -> db::Result<Vec<JobRow>> {
    const COLUMNS: &str = "SELECT id, state, attempts, due_at, last_error, finished_at, archived_at FROM {t}";
    let (condition, by_due) = state.condition();
    if by_due {
        let text =
            format!("{COLUMNS} WHERE {{kind}}{condition} AND (due_at, id) > ($2, $3) ORDER BY due_at, id LIMIT $4");
        let after = after.map_or((DateTime::UNIX_EPOCH, Uuid::nil()), |after| (after.due_at, after.id));
        return db
            .reader()
            .sql(Sql::built(queue.sql(&text)), (now, after.0, after.1, limit))
            .all()
            .await;
    }
    let text = format!("{COLUMNS} WHERE {{kind}}{condition} AND id < $2 ORDER BY id DESC LIMIT $3");
    let before = after.map_or(Uuid::max(), |after| after.id);
    db.reader()
        .sql(Sql::built(queue.sql(&text)), (now, before, limit))
        .all()
        .await
}

pub async fn job(db: &Db, queue: &Queue, id: Uuid) -> db::Result<Option<JobRow>> {
    const SQL: &str =
        "SELECT id, state, attempts, due_at, last_error, finished_at, archived_at FROM {t} WHERE {kind}id = $1";
    db.reader().sql(Sql::built(queue.sql(SQL)), (id,)).opt().await
}

/// Makes jobs due now with their attempts and revivals reset, and returns their ids. Applies to pending, dead, quarantined and discarded jobs; done and
/// running ones are left alone.
pub async fn retry(db: &Db, queues: &Queues, queue: &Queue, ids: &[Uuid], now: DateTime<Utc>) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE {t} SET state = 'pending', attempts = 0, due_at = r.now, finished_at = NULL, revivals = 0, archived_at = NULL {FROM r}
        WHERE {kind}{id = r.rid} AND state IN ('pending', 'dead', 'quarantined', 'discarded')
        RETURNING id, CAST({lane} AS BIGINT)";
    let rows = ids.iter().map(|id| (*id, now)).collect();
    let retried: Vec<(Uuid, i64)> = KeyedRows::built(queue.sql(SQL), rows).all(db.writer()).await?;
    let entry = |&(id, lane): &(Uuid, i64)| JobEntry {
        id,
        due: now,
        lane: Lane::from_number(lane),
    };
    let entries: Vec<JobEntry> = retried.iter().map(entry).collect();
    // The rows are committed; if the push fails, the sweep finds them.
    drop(queues.push_entries(queue, &entries).await);
    Ok(retried.into_iter().map(|(id, _)| id).collect())
}

/// Discards jobs and returns their ids. Applies to pending, dead and quarantined jobs; running ones are left alone.
pub async fn discard(db: &Db, queue: &Queue, ids: &[Uuid], now: DateTime<Utc>) -> db::Result<Vec<Uuid>> {
    const SQL: &str = "
        WITH r (rid, now) AS ({rows})
        UPDATE {t} SET state = 'discarded', finished_at = r.now {FROM r}
        WHERE {kind}{id = r.rid} AND state IN ('pending', 'dead', 'quarantined')
        RETURNING id";
    let rows = ids.iter().map(|id| (*id, now)).collect();
    let discarded: Vec<(Uuid,)> = KeyedRows::built(queue.sql(SQL), rows).all(db.writer()).await?;
    Ok(discarded.into_iter().map(|(id,)| id).collect())
}

/// Pauses a queue: within half a second workers fetch nothing more from it. Jobs in flight are finished.
pub async fn pause(db: &Db, queue: &Queue, now: DateTime<Utc>) -> db::Result<()> {
    const SQL: &str = "INSERT INTO queue_pauses (queue, paused_at) VALUES ($1, $2) ON CONFLICT (queue) DO NOTHING";
    db.sql(SQL, (queue.name.to_owned(), now)).run().await.map(drop)
}

/// A queue from which nothing is fetched.
#[derive(Clone, Debug, PartialEq, serde::Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct PausedQueue {
    pub name: String,
    pub since: DateTime<Utc>,
}

/// Lists the paused queues by name.
pub async fn paused(db: &Db) -> db::Result<Vec<PausedQueue>> {
    const SQL: &str = "SELECT queue AS name, paused_at AS since FROM queue_pauses ORDER BY queue";
    db.reader().sql(SQL, ()).all().await
}

/// Returns whether a queue is paused.
pub async fn is_paused(db: &Db, queue: &Queue) -> db::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM queue_pauses WHERE queue = $1";
    let (count,): (i64,) = db.reader().sql(SQL, (queue.name.to_owned(),)).one().await?;
    Ok(count > 0)
}

pub async fn resume(db: &Db, queue: &Queue) -> db::Result<()> {
    const SQL: &str = "DELETE FROM queue_pauses WHERE queue = $1";
    db.sql(SQL, (queue.name.to_owned(),)).run().await.map(drop)
}
