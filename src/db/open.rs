use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{PgPool, SqlitePool};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::{Args, Hint, On, Sql, Statement, Tx, checkpoint::Checkpoint, hints::Listener, pools, transaction::Stop};

/// Connections for the reads of tenants, unless said otherwise.
const TENANT_READERS: u32 = 4;
/// Connections of PostgreSQL that only intake has.
pub const INTAKE_CONNECTIONS: u32 = 2;
/// How long a tenant's reader may take, unless said otherwise.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// SQLite looks whether a reader's time is over whenever it has done so many steps: some 0.1 ms.
const STEPS: i32 = 10_000;

/// An open database. Clones share the pools.
#[derive(Clone, Debug)]
pub enum Db {
    /// SQLite has a single writer, so callers queue for it in the pool and never meet `SQLITE_BUSY`.
    Sqlite {
        read: SqlitePool,
        /// For the reads of tenants.
        tenants: SqlitePool,
        read_limit: Duration,
        write: SqlitePool,
        /// Who of the background stands in line for the writer: one at a time.
        turn: Arc<Semaphore>,
        /// Moves the log into the file; see `checkpoint.rs`.
        checkpoint: Checkpoint,
        listener: Listener,
    },
    Postgres {
        pool: PgPool,
        /// For the reads of tenants.
        tenants: PgPool,
        /// For intake.
        intake: PgPool,
        listener: Listener,
    },
}

/// How many connections a process may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// To PostgreSQL, for everything but the reads of tenants and intake.
    pub work: u32,
    /// For the reads of tenants.
    pub tenants: u32,
    /// How long one statement of a tenant's reader may take on PostgreSQL, and all of one transaction on SQLite.
    pub read_limit: Duration,
}

impl From<u32> for Connections {
    fn from(work: u32) -> Self {
        Self {
            work,
            tenants: TENANT_READERS,
            read_limit: READ_LIMIT,
        }
    }
}

/// Connections open and in use, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    pub open: u32,
    pub idle: u32,
}

impl Db {
    /// Opens `sqlite://path` (made if missing) or `postgres://…` with at most so many connections.
    pub async fn open(url: &str, connections: impl Into<Connections>) -> sqlx::Result<Self> {
        let connections = connections.into();
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return pools::open_postgres(url, connections).await;
        }
        pools::open_sqlite(url, connections).await
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
            Db::Postgres { pool, listener, .. } => Tx::postgres(pool.begin().await?, listener.clone()),
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

    /// Does work of the background in a transaction. On SQLite one of these at a time has the writer or waits for it, so that intake and whoever
    /// else comes waits for one at most; on PostgreSQL they run side by side.
    pub async fn transaction_in_turn<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let _turn = match self {
            Db::Sqlite { turn, .. } => Some(turn.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?),
            Db::Postgres { .. } => None,
        };
        self.transaction(work).await
    }

    /// The same database for intake, which on PostgreSQL has connections of its own: whatever others do with theirs, it waits for nobody.
    pub fn for_intake(&self) -> Self {
        match self {
            Db::Sqlite { .. } => self.clone(),
            Db::Postgres {
                tenants,
                intake,
                listener,
                ..
            } => Db::Postgres {
                pool: intake.clone(),
                tenants: tenants.clone(),
                intake: intake.clone(),
                listener: listener.clone(),
            },
        }
    }

    /// A transaction for one tenant's reader, on connections that only readers use; what takes longer than [`Connections::read_limit`] fails
    /// ([`super::is_too_slow`]). On PostgreSQL it takes the role `mainstay_tenant`, so that row-level security hides every other tenant even
    /// from a statement that forgot to name its own.
    pub async fn begin_as(&self, tenant: Uuid) -> sqlx::Result<Tx> {
        match self {
            Db::Sqlite {
                tenants,
                read_limit,
                listener,
                ..
            } => {
                let (mut tx, end) = (tenants.begin().await?, Instant::now() + *read_limit);
                let stop = Arc::new(AtomicBool::new(false));
                let stopped = stop.clone();
                let goes_on = move || Instant::now() < end && !stopped.load(Ordering::Relaxed);
                tx.lock_handle().await?.set_progress_handler(STEPS, goes_on);
                Ok(Tx::sqlite(tx, listener.clone()).until(Stop(stop)))
            }
            Db::Postgres { tenants, listener, .. } => {
                const SQL: &str =
                    "SELECT set_config('mainstay.tenant', $1, true), set_config('role', 'mainstay_tenant', true)";
                let mut tx = tenants.begin().await?;
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
            Db::Sqlite {
                read, tenants, write, ..
            } => of(
                read.size() + tenants.size() + write.size(),
                read.num_idle() + tenants.num_idle() + write.num_idle(),
            ),
            Db::Postgres {
                pool, tenants, intake, ..
            } => of(
                pool.size() + tenants.size() + intake.size(),
                pool.num_idle() + tenants.num_idle() + intake.num_idle(),
            ),
        }
    }

    pub async fn close(&self) {
        match self {
            Db::Sqlite {
                read,
                tenants,
                write,
                checkpoint,
                ..
            } => {
                tenants.close().await;
                read.close().await;
                checkpoint.close().await;
                write.close().await;
            }
            Db::Postgres {
                pool, tenants, intake, ..
            } => {
                tenants.close().await;
                intake.close().await;
                pool.close().await;
            }
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
