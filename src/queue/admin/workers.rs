use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};

use crate::db::{self, Db};

/// A worker that has not been heard of for this long is gone; it says so every five seconds.
pub(in crate::queue) const GONE_AFTER: Duration = Duration::from_secs(60);

/// A process that works on jobs.
#[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Worker {
    /// `host-pid-number`, another at each start.
    pub id: String,
    pub host: String,
    pub pid: i64,
    pub version: String,
    pub started_at: DateTime<Utc>,
    /// When it was last heard of.
    pub seen_at: DateTime<Utc>,
    /// Queue → jobs in hand, when it was last heard of.
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

/// Those heard of within the last minute, oldest first.
pub async fn workers(db: &Db, now: DateTime<Utc>) -> db::Result<Vec<Worker>> {
    const SQL: &str = "
        SELECT id, host, pid, version, started_at, seen_at, in_hand FROM workers
        WHERE seen_at >= $1 ORDER BY started_at, id";
    let since = now - GONE_AFTER;
    let rows: Vec<Row> = db.reader().sql(SQL, (since,)).all().await?;
    let worker = |row: Row| Worker {
        // Written by us; one by a later version may say it otherwise.
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
