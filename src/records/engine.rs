//! Version and settings of the database engine, for the operator.

use chrono::{DateTime, Utc};

use crate::db::{On, Result};

/// PostgreSQL's version and settings. Settings are PostgreSQL's words: `on`, `off` and so on.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PostgresFacts {
    /// For example 150008 for 15.8.
    pub version_num: i64,
    pub version: String,
    pub fsync: String,
    pub synchronous_commit: String,
    pub full_page_writes: String,
    pub(crate) max_connections: i64,
    /// Number of open client connections.
    pub connections: i64,
}

pub async fn postgres(on: On<'_>) -> Result<PostgresFacts> {
    const POSTGRES: &str = "
        SELECT current_setting('server_version_num')::bigint AS version_num, current_setting('server_version') AS version,
            current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
            current_setting('full_page_writes') AS full_page_writes,
            current_setting('max_connections')::bigint AS max_connections,
            (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections";
    on.sql(POSTGRES, ()).one().await
}

pub async fn postgres_time(on: On<'_>) -> Result<DateTime<Utc>> {
    const POSTGRES: &str = "SELECT clock_timestamp()";
    let (time,) = on.sql(POSTGRES, ()).one::<(DateTime<Utc>,)>().await?;
    Ok(time)
}

/// SQLite's version and settings on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteFacts {
    pub version: String,
    /// `wal` in a correct setup.
    pub(crate) journal_mode: String,
    /// 2 is FULL: a commit waits for the disk. See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
    pub(crate) synchronous: i64,
}

pub(crate) async fn sqlite(mut on: On<'_>) -> Result<SqliteFacts> {
    let (version,) = on.reborrow().sql("SELECT sqlite_version()", ()).one().await?;
    let (journal_mode,) = on.reborrow().sql("PRAGMA journal_mode", ()).one().await?;
    let (synchronous,) = on.reborrow().sql("PRAGMA synchronous", ()).one().await?;
    Ok(SqliteFacts {
        version,
        journal_mode,
        synchronous,
    })
}
