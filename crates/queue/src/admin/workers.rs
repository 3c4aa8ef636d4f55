use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};

use mainstay_db::{self as db, Db};

/// How long after its last heartbeat a worker is considered gone. Heartbeats come every five seconds.
pub(crate) const WORKER_TIMEOUT: Duration = Duration::from_secs(60);

/// A process that runs jobs.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Worker {
    /// `host-pid-number`, different at each start.
    pub id: String,
    pub host: String,
    pub pid: i64,
    pub version: String,
    pub started_at: DateTime<Utc>,
    /// Time of the last heartbeat.
    pub seen_at: DateTime<Utc>,
    /// Queue → jobs in flight at the last heartbeat.
    pub in_hand: BTreeMap<String, i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    host: String,
    pid: i64,
    version: String,
    started_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    in_hand: String,
}

/// Lists workers with a heartbeat in the last minute, oldest first.
pub async fn workers(db: &Db, now: DateTime<Utc>) -> db::Result<Vec<Worker>> {
    const SQL: &str = "
        SELECT id, host, pid, version, started_at, seen_at, in_hand FROM workers
        WHERE seen_at >= $1 ORDER BY started_at, id";
    let since = now - WORKER_TIMEOUT;
    let rows: Vec<Row> = db.reader().sql(SQL, (since,)).all().await?;
    let worker = |row: Row| Worker {
        // A later version may write another format.
        in_hand: serde_json::from_str(&row.in_hand).unwrap_or_default(),
        id: row.id,
        host: row.host,
        pid: row.pid,
        version: row.version,
        started_at: row.started_at,
        seen_at: row.seen_at,
    };
    Ok(rows.into_iter().map(worker).collect())
}
