//! Overwriting deleted or replaced data, whose bytes otherwise remain in free space of the database files.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgPool, SqlitePool};

use super::Db;

/// Attempts to empty SQLite's log while readers use it. Each one waits for five seconds (`busy_timeout`).
const MAX_ATTEMPTS: usize = 3;
/// How long PostgreSQL waits for the lock of a table, and others behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

impl Db {
    /// Rewrites tables without deleted or replaced data. SQLite rewrites the whole file and empties its log; PostgreSQL locks each table
    /// while it is rewritten. Returns false if a lock was not available and old bytes may remain; call it again.
    pub async fn vacuum(&self, tables: &[&'static str]) -> sqlx::Result<bool> {
        match self {
            Db::Sqlite { write, .. } => sqlite(write).await,
            Db::Postgres { pool, .. } => postgres(pool, tables).await,
        }
    }
}

async fn sqlite(write: &SqlitePool) -> sqlx::Result<bool> {
    // Returns (busy, pages in the log, pages moved).
    const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    sqlx::query("VACUUM").execute(write).await?;
    for _ in 0..MAX_ATTEMPTS {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as(EMPTY).fetch_one(write).await?;
        if busy == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn postgres(pool: &PgPool, tables: &[&'static str]) -> sqlx::Result<bool> {
    let mut conn = pool.acquire().await?.detach();
    let lock_timeout = format!("SET lock_timeout = {}", LOCK_TIMEOUT.as_millis());
    conn.execute(AssertSqlSafe(lock_timeout)).await?;
    let mut complete = true;
    for table in tables {
        let vacuum = format!("VACUUM (FULL) {table}");
        match conn.execute(AssertSqlSafe(vacuum)).await {
            Ok(_) => {}
            // lock_not_available (55P03).
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => complete = false,
            Err(error) => return Err(error),
        }
    }
    conn.close().await?;
    Ok(complete)
}
