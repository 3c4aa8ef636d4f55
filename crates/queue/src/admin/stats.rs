//! Statistics of a queue.

use chrono::{DateTime, Utc};

use super::{jobs, workers};
use crate::{Queue, Queues, counts};
use mainstay_db::{self as db, Db, Sql};

/// Statistics of a queue.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct QueueStats {
    pub name: String,
    /// Due, and not in flight.
    pub pending: i64,
    /// Due later.
    pub scheduled: i64,
    /// In flight: leased rows, or ids that the driver holds for workers if that is more.
    pub running: i64,
    /// Successful runs since the beginning.
    pub done_total: i64,
    /// Failed runs since the beginning, whether or not they were retried.
    pub failed_total: i64,
    /// Rows that are dead now, archived ones aside.
    pub dead: i64,
    /// Rows that are dead and archived.
    pub archived: i64,
    /// How long the oldest pending row has been due; null if nothing is.
    pub oldest_pending_seconds: Option<f64>,
    /// Successful runs of the last sixty seconds.
    pub throughput_per_minute: f64,
    pub paused: bool,
}

#[derive(sqlx::FromRow)]
struct Open {
    due: i64,
    scheduled: i64,
    leased: i64,
}

/// Reads the statistics of a queue. Costs a scan of the index of unfinished rows.
pub async fn stats(db: &Db, queues: &Queues, queue: &Queue, now: DateTime<Utc>) -> db::Result<QueueStats> {
    const OPEN: &str = "
        SELECT COUNT(*) FILTER (WHERE state = 'pending' AND due_at <= $1) AS due,
               COUNT(*) FILTER (WHERE state = 'pending' AND due_at > $1) AS scheduled,
               COUNT(*) FILTER (WHERE state = 'running') AS leased
        FROM {t} WHERE {kind}state IN ('pending', 'running')";
    // The condition of the partial index comes first, in its own words: SQLite uses the index only then.
    const DEAD: &str = "
        SELECT COUNT(*) FILTER (WHERE archived_at IS NULL), COUNT(*) FILTER (WHERE archived_at IS NOT NULL)
        FROM {t} WHERE {kind}state IN ('dead', 'quarantined', 'discarded') AND state = 'dead'";
    const OLDEST: &str = "
        SELECT due_at FROM {t} WHERE {kind}state IN ('pending', 'running') AND state = 'pending' AND due_at <= $1
        ORDER BY due_at LIMIT 1";
    let read = |text: &str| Sql::built(queue.sql(text));
    let open: Open = db.reader().sql(read(OPEN), (now,)).one().await?;
    let (dead, archived): (i64, i64) = db.reader().sql(read(DEAD), ()).one().await?;
    let oldest: Option<(DateTime<Utc>,)> = db.reader().sql(read(OLDEST), (now,)).opt().await?;
    let totals = counts::totals(db, queue).await?;
    let running = open.leased.max(in_flight(db, queues, queue, now).await?);
    Ok(QueueStats {
        name: queue.name.to_owned(),
        // Rows locked by a handler are `pending` until it commits.
        pending: (open.due - (running - open.leased)).max(0),
        scheduled: open.scheduled,
        running,
        done_total: totals.done,
        failed_total: totals.failed,
        dead,
        archived,
        oldest_pending_seconds: oldest.map(|(due,)| (now - due).as_seconds_f64()),
        throughput_per_minute: counts::per_minute(db, queue, now).await?,
        paused: jobs::is_paused(db, queue).await?,
    })
}

/// Returns the number of ids in flight in the driver or, if it does not answer, as last reported by the workers.
async fn in_flight(db: &Db, queues: &Queues, queue: &Queue, now: DateTime<Utc>) -> db::Result<i64> {
    if let Ok(depth) = queues.depth(queue).await {
        return Ok(i64::try_from(depth.in_flight).unwrap_or(i64::MAX));
    }
    let workers = workers(db, now).await?;
    Ok(workers.iter().filter_map(|worker| worker.in_hand.get(queue.name)).sum())
}
