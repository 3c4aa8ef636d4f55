//! Checkpoints of SQLite's write-ahead log, beside the writer instead of within its commits, where every few thousandth webhook would wait
//! for a whole one.

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::Db;

/// Log size in pages above which a checkpoint makes the writer wait, so that the log restarts at its beginning. Overwriting costs the disk
/// half of what growing the file does.
const RESTART_PAGES: i64 = 2_500;

/// A dedicated connection for checkpoints.
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
        // Returns (busy, pages in the log, pages moved).
        const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
        const RESTART: &str = "PRAGMA wal_checkpoint(RESTART)";
        let (_, pages, _): (i64, i64, i64) = sqlx::query_as(MOVE).fetch_one(&self.0).await?;
        if pages > RESTART_PAGES {
            sqlx::query(RESTART).execute(&self.0).await?;
        }
        Ok(())
    }
}

impl Db {
    /// Runs a checkpoint. Does nothing on PostgreSQL, which has its own.
    pub async fn checkpoint(&self) -> sqlx::Result<()> {
        match self {
            Db::Sqlite { checkpoint, .. } => checkpoint.run().await,
            Db::Postgres { .. } => Ok(()),
        }
    }
}
