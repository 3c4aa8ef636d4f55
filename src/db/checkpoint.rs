//! SQLite's write-ahead log, moved into the file beside the writer instead of within its commits, which would make every few thousandth
//! webhook wait for all of it.

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::Db;

/// Pages of log at which the writer is made to wait for the last of it, so that the log begins anew at its start. Writing over what is
/// there costs the disk half of what growing the file does.
const LONG: i64 = 2_500;

/// A connection of its own.
#[derive(Clone, Debug)]
pub struct Checkpoint(SqlitePool);

impl Checkpoint {
    pub(super) fn new(options: &SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        Self(pool.connect_lazy_with(options.clone()))
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }

    async fn run(&self) -> sqlx::Result<()> {
        // Answers (busy, pages in the log, pages moved).
        const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
        const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";
        let (_, pages, _): (i64, i64, i64) = sqlx::query_as(MOVE).fetch_one(&self.0).await?;
        if pages > LONG {
            sqlx::query(RESTART).execute(&self.0).await?;
        }
        Ok(())
    }
}

impl Db {
    /// Moves what is worth it; nothing on PostgreSQL, which does this by itself.
    pub async fn checkpoint(&self) -> sqlx::Result<()> {
        match self {
            Db::Sqlite { checkpoint, .. } => checkpoint.run().await,
            Db::Postgres { .. } => Ok(()),
        }
    }
}
