//! Overwriting what was deleted or replaced: until then its bytes lie in free space of the database's files.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgPool, SqlitePool};

use super::Db;

/// How often SQLite is asked to empty its log while readers are still in it. Each attempt waits for five seconds (`busy_timeout`).
const ATTEMPTS: usize = 3;
/// How long a table of PostgreSQL waits for others to let go of it, and they for it.
const LOCK: Duration = Duration::from_secs(10);

impl Db {
    /// Rewrites tables without what was deleted or replaced in them. SQLite rewrites the whole file and empties its log; PostgreSQL locks
    /// each table while it writes it anew. False: somebody was in the way, and old bytes may be left; call it again.
    pub async fn vacuum(&self, tables: &[&'static str]) -> sqlx::Result<bool> {
        match self {
            Db::Sqlite { write, .. } => sqlite(write).await,
            Db::Postgres { pool, .. } => postgres(pool, tables).await,
        }
    }
}

async fn sqlite(write: &SqlitePool) -> sqlx::Result<bool> {
    // Answers (busy, pages in the log, pages moved).
    const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    sqlx::query("VACUUM").execute(write).await?;
    for _ in 0..ATTEMPTS {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as(EMPTY).fetch_one(write).await?;
        if busy == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn postgres(pool: &PgPool, tables: &[&'static str]) -> sqlx::Result<bool> {
    let mut conn = pool.acquire().await?.detach();
    let patience = format!("SET lock_timeout = {}", LOCK.as_millis());
    conn.execute(AssertSqlSafe(patience)).await?;
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
