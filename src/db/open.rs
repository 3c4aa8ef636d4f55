use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Executor, PgPool, SqliteConnection, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Args, Hint, On, Sql, Statement, Tx, checkpoint::Checkpoint, hints::Listener};
use crate::permissions;

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is asked whether it still lives before it is lent out.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);
/// Pages of log at which the writer moves them itself, should nobody else: a process without a background, such as a command.
const LOG_PAGES: &str = "4000";
/// Readers of SQLite beside its one writer.
const SQLITE_READERS: u32 = 4;

/// Every frequent statement looks a few hundred rows up by key, and lookups by index are right for it however small the table is just
/// now. PostgreSQL plans a prepared statement anew five times and then keeps a plan until the table is analysed.
const LOOK_UP: &str = "
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off";
/// How long a session lives, so that no plan outlives by much the size of the tables it was made for.
const SESSION: Duration = Duration::from_secs(300);

/// An open database. Clones share the pools.
#[derive(Clone, Debug)]
pub enum Db {
    /// SQLite has a single writer, so callers queue for it in the pool and never meet `SQLITE_BUSY`.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        /// Moves the log into the file; see `checkpoint.rs`.
        checkpoint: Checkpoint,
        listener: Listener,
    },
    Postgres {
        pool: PgPool,
        listener: Listener,
    },
}

/// Connections open and in use, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    pub open: u32,
    pub idle: u32,
}

impl Db {
    /// Opens `sqlite://path` (made if missing) or `postgres://…` with at most `connections`.
    pub async fn open(url: &str, connections: u32) -> sqlx::Result<Self> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return open_postgres(url, connections).await;
        }
        open_sqlite(url).await
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Db::Postgres { .. })
    }

    pub fn sql(&self, sql: impl Into<Sql>, args: impl Args) -> Statement<'_> {
        On::from(self).sql(sql, args)
    }

    /// A place to read from: on SQLite a pool of its own, which never waits for the writer.
    pub fn reader(&self) -> On<'_> {
        match self {
            Db::Sqlite { read, .. } => On::SqlitePool(read),
            Db::Postgres { pool, .. } => On::PostgresPool(pool),
        }
    }

    /// Whoever is to hear the hints of what is committed through this database; `None` if somebody does already.
    pub fn listen(&self) -> Option<mpsc::Receiver<Vec<Hint>>> {
        let (Db::Sqlite { listener, .. } | Db::Postgres { listener, .. }) = self;
        listener.install()
    }

    /// A write transaction. SQLite takes its lock at once, so that none fails half way for want of it.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Db::Sqlite { write, listener, .. } => {
                Tx::sqlite(write.begin_with("BEGIN IMMEDIATE").await?, listener.clone())
            }
            Db::Postgres { pool, listener } => Tx::postgres(pool.begin().await?, listener.clone()),
        })
    }

    /// Does work in a transaction of its own, and [closes](Tx::close) it.
    pub async fn transaction<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tx = self.begin().await?;
        let result = work(&mut tx).await;
        tx.close(result).await
    }

    /// A transaction for one tenant's reader. On PostgreSQL it takes the role `mainstay_tenant`, so that row-level security
    /// hides every other tenant even from a statement that forgot to name its own.
    pub async fn begin_as(&self, tenant: Uuid) -> sqlx::Result<Tx> {
        match self {
            Db::Sqlite { read, listener, .. } => Ok(Tx::sqlite(read.begin().await?, listener.clone())),
            Db::Postgres { pool, listener } => {
                const SQL: &str =
                    "SELECT set_config('mainstay.tenant', $1, true), set_config('role', 'mainstay_tenant', true)";
                let mut tx = pool.begin().await?;
                sqlx::query(SQL).bind(tenant.to_string()).execute(&mut *tx).await?;
                Ok(Tx::postgres(tx, listener.clone()))
            }
        }
    }

    pub fn pool_use(&self) -> PoolUse {
        let of = |open: u32, idle: usize| PoolUse {
            open,
            idle: u32::try_from(idle).unwrap_or(u32::MAX),
        };
        match self {
            Db::Sqlite { read, write, .. } => of(read.size() + write.size(), read.num_idle() + write.num_idle()),
            Db::Postgres { pool, .. } => of(pool.size(), pool.num_idle()),
        }
    }

    pub async fn close(&self) {
        match self {
            Db::Sqlite {
                read,
                write,
                checkpoint,
                ..
            } => {
                read.close().await;
                checkpoint.close().await;
                write.close().await;
            }
            Db::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl<'a> From<&'a Db> for On<'a> {
    fn from(db: &'a Db) -> Self {
        match db {
            Db::Sqlite { write, .. } => On::SqlitePool(write),
            Db::Postgres { pool, .. } => On::PostgresPool(pool),
        }
    }
}

async fn open_sqlite(url: &str) -> sqlx::Result<Db> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(512)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .pragma("cache_size", "-8000")
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging();
    if let Some(folder) = options.get_filename().parent() {
        std::fs::create_dir_all(folder)?;
    }
    // The log and its index get the mode of the database.
    for suffix in ["", "-wal", "-shm"] {
        let mut file = options.get_filename().as_os_str().to_owned();
        file.push(suffix);
        permissions::close_to_others(Path::new(&file));
    }
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(is_sound(conn)))
        .connect_with(options.clone())
        .await?;
    let read = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(is_sound(conn)));
    let checkpoint = Checkpoint::new(&options);
    let read = read.connect_lazy_with(options.pragma("query_only", "1"));
    Ok(Db::Sqlite {
        read,
        write,
        checkpoint,
        listener: Listener::default(),
    })
}

/// When a write fails for want of disk, SQLite may end the transaction by itself. The rollback that follows fails then, and sqlx
/// believes ever after that a transaction is open: such a connection makes room for a new one.
async fn is_sound(conn: &mut SqliteConnection) -> sqlx::Result<bool> {
    if conn.is_in_transaction() {
        // A rollback that is under way is over once this is answered.
        conn.ping().await?;
    }
    Ok(!conn.is_in_transaction())
}

async fn open_postgres(url: &str, connections: u32) -> sqlx::Result<Db> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("mainstay")
        .statement_cache_capacity(512)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(SESSION)
        .test_before_acquire(false)
        .after_connect(|conn, _| Box::pin(async move { conn.execute(sqlx::raw_sql(LOOK_UP)).await.map(drop) }))
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await?;
    Ok(Db::Postgres {
        pool,
        listener: Listener::default(),
    })
}
