use chrono::{DateTime, Utc};

use crate::Queue;
use mainstay_db::{self as db, Db, Sql};

/// Errors that are shown.
const ERRORS: i64 = 10;

/// Statistics of a queue's dead letters, over the rows that are kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct DeadLetterStats {
    pub queue: String,
    /// Dead, and not archived.
    pub dead: i64,
    /// Dead, and not revived any more.
    pub archived: i64,
    /// Rows that were revived at least once: those recovered and retrying, and those that died again or were discarded.
    pub revived: i64,
    /// Of them: done.
    pub recovered: i64,
    /// Of them: not ended.
    pub retrying: i64,
    /// When the one that is dead for longest died, archived ones aside; null if none is.
    #[schema(required)]
    pub oldest_dead_at: Option<DateTime<Utc>>,
    /// The ten commonest errors of dead rows, archived ones included.
    pub errors: Vec<DeadLetterError>,
}

/// An error, and how many dead rows ended with it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct DeadLetterError {
    pub error: String,
    pub jobs: i64,
}

#[derive(sqlx::FromRow)]
struct Dead {
    dead: i64,
    archived: i64,
    oldest: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Revived {
    revived: i64,
    recovered: i64,
    retrying: i64,
}

/// Reads the statistics of a queue's dead letters. Costs a scan of the indexes of rows that were set aside or revived.
pub async fn dead_letter_stats(db: &Db, queue: &Queue) -> db::Result<DeadLetterStats> {
    // The condition of the partial index comes first, in its own words: SQLite uses the index only then.
    const DEAD: &str = "
        SELECT COUNT(*) FILTER (WHERE archived_at IS NULL) AS dead,
            COUNT(*) FILTER (WHERE archived_at IS NOT NULL) AS archived,
            MIN(CASE WHEN archived_at IS NULL THEN finished_at END) AS oldest
        FROM {t} WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead'";
    const REVIVED: &str = "
        SELECT COUNT(*) AS revived, COUNT(*) FILTER (WHERE state = 'done') AS recovered,
            COUNT(*) FILTER (WHERE state NOT IN ('done', 'dead', 'discarded')) AS retrying
        FROM {t} WHERE {kind}revivals > 0 AND revivals % 100 > 0";
    const COMMONEST: &str = "
        SELECT COALESCE(last_error, '') AS error, COUNT(*) AS jobs
        FROM {t} WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead'
        GROUP BY COALESCE(last_error, '') ORDER BY COUNT(*) DESC, COALESCE(last_error, '') LIMIT $1";
    let read = |text: &str| Sql::built(queue.sql(text));
    let dead: Dead = db.reader().sql(read(DEAD), ()).one().await?;
    let revived: Revived = db.reader().sql(read(REVIVED), ()).one().await?;
    let errors = db.reader().sql(read(COMMONEST), (ERRORS,)).all().await?;
    Ok(DeadLetterStats {
        queue: queue.name.to_owned(),
        dead: dead.dead,
        archived: dead.archived,
        revived: revived.revived,
        recovered: revived.recovered,
        retrying: revived.retrying,
        oldest_dead_at: dead.oldest,
        errors,
    })
}
