//! The connections of either database, and how they are set up.

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
    hints::Listener,
    open::{Connections, INTAKE_CONNECTIONS},
};
use crate::permissions;

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is asked whether it still lives before it is lent out.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);
/// Pages of log at which the writer moves them itself, should nobody else: a process without a background, such as a command.
const LOG_PAGES: &str = "4000";
/// Readers of SQLite beside its one writer, those of tenants not counted.
const SQLITE_READERS: u32 = 4;
/// Every frequent statement looks a few hundred rows up by key, and lookups by index are right for it however small the table is just
/// now. PostgreSQL plans a prepared statement anew five times and then keeps a plan until the table is analysed. A bitmap of a queue's index
/// visits every row that has left the queue and was not vacuumed yet, each time; a scan of the index marks what it found gone.
const LOOK_UP: &str = "
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_bitmapscan = off;
    SET jit = off";
/// How long a session lives, so that no plan outlives by much the size of the tables it was made for.
const SESSION: Duration = Duration::from_secs(300);

pub(super) async fn open_sqlite(url: &str, connections: Connections) -> sqlx::Result<Db> {
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
    let checkpoint = Checkpoint::new(&options);
    let options = options.pragma("query_only", "1");
    let readers = |most: u32| {
        let pool = SqlitePoolOptions::new()
            .max_connections(most)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_release(|conn, _| Box::pin(is_sound(conn)));
        pool.connect_lazy_with(options.clone())
    };
    Ok(Db::Sqlite {
        read: readers(SQLITE_READERS),
        tenants: readers(connections.tenants),
        read_limit: connections.read_limit,
        write,
        turn: Arc::new(Semaphore::new(1)),
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

pub(super) async fn open_postgres(url: &str, connections: Connections) -> sqlx::Result<Db> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("mainstay")
        .statement_cache_capacity(512)
        .disable_statement_logging();
    let limit = connections.read_limit.as_millis();
    Ok(Db::Postgres {
        pool: postgres_pool(connections.work, 0).connect_with(options.clone()).await?,
        tenants: postgres_pool(connections.tenants, limit).connect_lazy_with(options.clone()),
        intake: postgres_pool(INTAKE_CONNECTIONS, 0).connect_lazy_with(options),
        listener: Listener::default(),
    })
}

/// Connections whose statements may take so many milliseconds each; 0 is no limit.
fn postgres_pool(most: u32, limit: u128) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(SESSION)
        .test_before_acquire(false)
        .after_connect(move |conn, _| {
            let settings = format!("{LOOK_UP}; SET statement_timeout = {limit}");
            Box::pin(async move { conn.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await.map(drop) })
        })
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}
