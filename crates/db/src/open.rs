//! The database handle.

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

use super::{
    Args, Hint, On, Sql, Statement, Tx, checkpoint::Checkpoint, hints::HintSender, pools, transaction::Interrupt,
};

/// Default number of connections for the reads of tenants.
const TENANT_READERS: u32 = 4;
/// Number of PostgreSQL connections reserved for intake.
pub const INTAKE_CONNECTIONS: u32 = 2;
/// Default time limit of a tenant's reads.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// SQLite checks the time limit of a read after this many virtual machine steps: about every 0.1 ms.
const PROGRESS_STEPS: i32 = 10_000;

/// An open database. Clones share the pools.
#[derive(Clone, Debug)]
pub enum Db {
    /// SQLite has a single writer: callers queue for it in the pool and never get `SQLITE_BUSY`.
    Sqlite {
        read: SqlitePool,
        /// For the reads of tenants.
        tenants: SqlitePool,
        read_limit: Duration,
        write: SqlitePool,
        /// Admits one background transaction at a time to the writer.
        background: Arc<Semaphore>,
        /// Runs checkpoints; see `checkpoint.rs`.
        checkpoint: Checkpoint,
        hint_sender: HintSender,
    },
    Postgres {
        pool: PgPool,
        /// For the reads of tenants.
        tenants: PgPool,
        /// For intake.
        intake: PgPool,
        hint_sender: HintSender,
    },
}

/// The connections that a process may open, and the time limit of reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// To PostgreSQL, except for the reads of tenants and intake.
    pub work: u32,
    /// For the reads of tenants.
    pub tenants: u32,
    /// Time limit of a tenant's reads: per statement on PostgreSQL, per transaction on SQLite.
    pub read_limit: Duration,
}

impl From<u32> for PoolLimits {
    fn from(work: u32) -> Self {
        Self {
            work,
            tenants: TENANT_READERS,
            read_limit: READ_LIMIT,
        }
    }
}

/// Numbers of open and idle connections, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    pub open: u32,
    pub idle: u32,
}

impl Db {
    /// Opens `sqlite://path` (created if missing) or `postgres://…`.
    pub async fn open(url: &str, connections: impl Into<PoolLimits>) -> sqlx::Result<Self> {
        let connections = connections.into();
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return pools::open_postgres(url, connections).await;
        }
        pools::open_sqlite(url, connections).await
    }

    #[inline]
    pub fn is_postgres(&self) -> bool {
        matches!(self, Db::Postgres { .. })
    }

    pub fn sql(&self, sql: impl Into<Sql>, args: impl Args) -> Statement<'_> {
        self.writer().sql(sql, args)
    }

    /// Returns an executor for single statements that write, each a transaction of its own.
    #[inline]
    pub fn writer(&self) -> On<'_> {
        match self {
            Db::Sqlite { write, .. } => On::SqlitePool(write),
            Db::Postgres { pool, .. } => On::PostgresPool(pool),
        }
    }

    /// Returns an executor for reads: on SQLite a pool of its own, which never waits for the writer.
    #[inline]
    pub fn reader(&self) -> On<'_> {
        match self {
            Db::Sqlite { read, .. } => On::SqlitePool(read),
            Db::Postgres { pool, .. } => On::PostgresPool(pool),
        }
    }

    /// Subscribes to a queue's hints of transactions committed through this database; `None` if it has a subscriber already.
    pub fn subscribe_to_hints(&self, queue: &'static str) -> Option<mpsc::Receiver<Vec<Hint>>> {
        let (Db::Sqlite { hint_sender, .. } | Db::Postgres { hint_sender, .. }) = self;
        hint_sender.subscribe(queue)
    }

    /// Begins a write transaction. SQLite takes the write lock at once, so that no transaction fails later for want of it.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Db::Sqlite { write, hint_sender, .. } => {
                Tx::sqlite(write.begin_with("BEGIN IMMEDIATE").await?, hint_sender.clone())
            }
            Db::Postgres { pool, hint_sender, .. } => Tx::postgres(pool.begin().await?, hint_sender.clone()),
        })
    }

    /// Runs `work` in a transaction and [closes](Tx::close) it.
    pub async fn transaction<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tx = self.begin().await?;
        let result = work(&mut tx).await;
        tx.close(result).await
    }

    /// Begins a write transaction for one tenant. On PostgreSQL it takes the role `mainstay_tenant`: row-level security hides and protects the
    /// rows of all other tenants, even from a statement without a tenant condition. Tables without a `tenant_id` are out of reach.
    pub async fn begin_as(&self, tenant: impl Into<Uuid>) -> sqlx::Result<Tx> {
        let mut tx = self.begin().await?;
        take_role(&mut tx, tenant.into()).await?;
        Ok(tx)
    }

    /// Runs `work` in a transaction [of one tenant](Self::begin_as) and [closes](Tx::close) it.
    pub async fn transaction_as<T, E: From<sqlx::Error>>(
        &self,
        tenant: impl Into<Uuid>,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tx = self.begin_as(tenant).await?;
        let result = work(&mut tx).await;
        tx.close(result).await
    }

    /// Runs background work in a transaction. On SQLite only one of these at a time uses or awaits the writer, so that intake and other
    /// callers wait for at most one; on PostgreSQL they run concurrently.
    pub async fn background_transaction<T, E: From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let _permit = match self {
            Db::Sqlite { background, .. } => Some(background.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?),
            Db::Postgres { .. } => None,
        };
        self.transaction(work).await
    }

    /// Returns a handle for intake, which has its own connections on PostgreSQL and so never waits for those of others.
    pub fn for_intake(&self) -> Self {
        match self {
            Db::Sqlite { .. } => self.clone(),
            Db::Postgres {
                tenants,
                intake,
                hint_sender,
                ..
            } => Db::Postgres {
                pool: intake.clone(),
                tenants: tenants.clone(),
                intake: intake.clone(),
                hint_sender: hint_sender.clone(),
            },
        }
    }

    /// Begins a read transaction for one tenant, on connections reserved for such reads. Beyond [`PoolLimits::read_limit`] it fails
    /// ([`super::is_statement_timeout`]). On PostgreSQL it takes the role `mainstay_tenant`: row-level security hides all other tenants,
    /// even from a statement without a tenant condition.
    pub async fn begin_read_as(&self, tenant: impl Into<Uuid>) -> sqlx::Result<Tx> {
        match self {
            Db::Sqlite {
                tenants,
                read_limit,
                hint_sender,
                ..
            } => {
                let (mut tx, end) = (tenants.begin().await?, Instant::now() + *read_limit);
                let stop = Arc::new(AtomicBool::new(false));
                let stopped = stop.clone();
                let continues = move || Instant::now() < end && !stopped.load(Ordering::Relaxed);
                tx.lock_handle().await?.set_progress_handler(PROGRESS_STEPS, continues);
                Ok(Tx::sqlite(tx, hint_sender.clone()).with_interrupt(Interrupt(stop)))
            }
            Db::Postgres {
                tenants, hint_sender, ..
            } => {
                let mut tx = Tx::postgres(tenants.begin().await?, hint_sender.clone());
                take_role(&mut tx, tenant.into()).await?;
                Ok(tx)
            }
        }
    }

    pub fn pool_usage(&self) -> PoolUsage {
        let of = |open: u32, idle: usize| PoolUsage {
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

/// Takes the role that sees one tenant, until the end of the transaction. No-op on SQLite, which has no roles.
async fn take_role(tx: &mut Tx, tenant: Uuid) -> sqlx::Result<()> {
    const SQL: &str = "SELECT set_config('mainstay.tenant', $1, true), set_config('role', 'mainstay_tenant', true)";
    if tx.is_postgres() {
        tx.sql(SQL, (tenant.to_string(),)).run().await?;
    }
    Ok(())
}
