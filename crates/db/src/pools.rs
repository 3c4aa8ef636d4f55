//! Connection pools and their settings.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Semaphore;

use super::{
    Db,
    checkpoint::Checkpoint,
    hints::HintSender,
    open::{INTAKE_CONNECTIONS, PoolLimits},
};
use mainstay_core::permissions;

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer than this is pinged before use.
const PING_AFTER_IDLE: Duration = Duration::from_secs(2);
/// Log size in pages at which the writer runs a checkpoint itself, in a process without background tasks, such as a command.
const AUTOCHECKPOINT_PAGES: &str = "4000";
/// Number of SQLite connections for reads, those of tenants not included.
const SQLITE_READERS: u32 = 4;
/// Planner settings. Every frequent statement looks up a few hundred rows by key, for which index lookups are right however small the table
/// is at the moment. PostgreSQL plans a prepared statement five times and then keeps a plan until the table is analysed. A bitmap scan of a
/// queue's index visits every row that left the queue and was not vacuumed yet, each time; an index scan marks such entries as dead.
const PLANNER_SETTINGS: &str = "
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_bitmapscan = off;
    SET jit = off";
/// Maximum age of a session, so that plans do not long outlive the table sizes they were made for.
const MAX_LIFETIME: Duration = Duration::from_secs(300);

pub(super) async fn open_sqlite(url: &str, connections: PoolLimits) -> sqlx::Result<Db> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(512)
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
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
        permissions::remove_other_access(Path::new(&file));
    }
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(is_reusable(conn)))
        .connect_with(options.clone())
        .await?;
    let checkpoint = Checkpoint::new(&options);
    let options = options.pragma("query_only", "1");
    let readers = |max: u32| {
        let pool = SqlitePoolOptions::new()
            .max_connections(max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_release(|conn, _| Box::pin(is_reusable(conn)));
        pool.connect_lazy_with(options.clone())
    };
    Ok(Db::Sqlite {
        read: readers(SQLITE_READERS),
        tenants: readers(connections.tenants),
        read_limit: connections.read_limit,
        write,
        background: Arc::new(Semaphore::new(1)),
        checkpoint,
        hint_sender: HintSender::default(),
    })
}

/// Returns whether a connection can be reused. When a write fails because the disk is full, SQLite may end the transaction by itself; the
/// following rollback fails, and sqlx counts a transaction as open ever after. Such a connection is replaced.
async fn is_reusable(conn: &mut SqliteConnection) -> sqlx::Result<bool> {
    if conn.is_in_transaction() {
        // A rollback in progress is finished once this returns.
        conn.ping().await?;
    }
    Ok(!conn.is_in_transaction())
}

pub(super) async fn open_postgres(url: &str, connections: PoolLimits) -> sqlx::Result<Db> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("mainstay")
        .statement_cache_capacity(512)
        .disable_statement_logging();
    let limit = connections.read_limit.as_millis();
    Ok(Db::Postgres {
        pool: postgres_pool(connections.work, 0).connect_with(options.clone()).await?,
        tenants: postgres_pool(connections.tenants, limit).connect_lazy_with(options.clone()),
        intake: postgres_pool(INTAKE_CONNECTIONS, 0).connect_lazy_with(options),
        hint_sender: HintSender::default(),
    })
}

/// Returns options of a pool whose statements are limited to this many milliseconds; 0 is no limit.
fn postgres_pool(max: u32, limit: u128) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
        .after_connect(move |conn, _| {
            let settings = format!("{PLANNER_SETTINGS}; SET statement_timeout = {limit}");
            Box::pin(async move { conn.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await.map(drop) })
        })
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > PING_AFTER_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}
