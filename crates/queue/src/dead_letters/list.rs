use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{PER_RUN, REFUSED};
use crate::Queue;
use mainstay_db::{self as db, Db, Sql};

/// A dead row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadLetter {
    pub id: Uuid,
    pub attempts: i64,
    revivals: i64,
    pub last_error: Option<String>,
    /// When it died.
    pub finished_at: Option<DateTime<Utc>>,
    pub archived_at: Option<DateTime<Utc>>,
}

impl DeadLetter {
    /// Returns how often it was revived.
    pub fn revived(&self) -> i64 {
        self.revivals % REFUSED
    }

    /// Returns whether it was refused for good.
    pub fn is_refused(&self) -> bool {
        self.revivals >= REFUSED
    }
}

/// Which dead rows are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterFilter {
    Unarchived,
    Archived,
}

impl DeadLetterFilter {
    const fn condition(self) -> &'static str {
        match self {
            DeadLetterFilter::Unarchived => "archived_at IS NULL",
            DeadLetterFilter::Archived => "archived_at IS NOT NULL",
        }
    }
}

/// Lists dead rows before an id, newest first.
pub async fn dead_letters(
    db: &Db,
    queue: &Queue,
    filter: DeadLetterFilter,
    before: Option<Uuid>,
    limit: i64,
) -> db::Result<Vec<DeadLetter>> {
    // The condition of the partial index comes first, in its own words: SQLite uses the index only then.
    const SQL: &str = "
        SELECT id, attempts, revivals, last_error, finished_at, archived_at FROM {t}
        WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead' AND {which} AND id < $1
        ORDER BY id DESC LIMIT $2";
    let text = queue.sql(&SQL.replace("{which}", filter.condition()));
    let before = before.unwrap_or(Uuid::max());
    db.reader().sql(Sql::built(text), (before, limit)).all().await
}

/// Returns dead rows whose last error is this one, at most [`PER_RUN`]; all if it is `None`.
pub async fn with_error(
    db: &Db,
    queue: &Queue,
    filter: DeadLetterFilter,
    error: Option<&str>,
) -> db::Result<Vec<Uuid>> {
    const ALL: &str = "
        SELECT id FROM {t}
        WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead' AND {which} AND $1 = $1
        ORDER BY id LIMIT $2";
    const OF_ERROR: &str = "
        SELECT id FROM {t}
        WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead' AND {which} AND last_error = $1
        ORDER BY id LIMIT $2";
    let text = if error.is_some() { OF_ERROR } else { ALL };
    let text = queue.sql(&text.replace("{which}", filter.condition()));
    let args = (error.unwrap_or_default().to_owned(), PER_RUN);
    let found: Vec<(Uuid,)> = db.reader().sql(Sql::built(text), args).all().await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
