//! Writes that have to survive a crash of the process but not of the machine.

use sqlx::{Connection, SqlStr, SqliteConnection, SqlitePool, pool::PoolConnection, sqlite::SqliteArguments};

use super::{Args, Db, Result, Sql, statement::sqlite};

impl Db {
    /// Runs one statement whose commit is not flushed to disk by itself; the next ordinary commit flushes it. That is for SQLite: on
    /// PostgreSQL the statement has to contain `set_config('synchronous_commit', 'off', true)`.
    pub async fn run_unflushed(&self, sql: impl Into<Sql>, args: impl Args) -> Result<u64> {
        match self {
            Db::Postgres { .. } => self.sql(sql, args).run().await,
            Db::Sqlite { write, .. } => {
                let text = sql.into().sqlite;
                let args = sqlite(&text, args)?;
                write_unflushed(write.clone(), text, args).await
            }
        }
    }
}

/// Runs in a task of its own: a cancelled caller must not leave the only writer with the weaker setting.
#[expect(
    clippy::disallowed_methods,
    reason = "it is awaited, and has to end whether or not it still is"
)]
async fn write_unflushed(pool: SqlitePool, text: SqlStr, args: SqliteArguments) -> Result<u64> {
    let writing = tokio::spawn(async move {
        let mut writer: PoolConnection<sqlx::Sqlite> = pool.acquire().await?;
        let written = write_without_fsync(&mut writer, text, args).await;
        if written.is_err() {
            // The setting of this connection is unknown: replace it.
            drop(writer.close().await);
        }
        written
    });
    writing
        .await
        .map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?
}

async fn write_without_fsync(writer: &mut SqliteConnection, text: SqlStr, args: SqliteArguments) -> Result<u64> {
    debug_assert!(
        !writer.is_in_transaction(),
        "SQLite changes this between transactions only"
    );
    sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *writer).await?;
    let written = sqlx::query_with(text, args).execute(&mut *writer).await?;
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *writer).await?;
    Ok(written.rows_affected())
}

#[cfg(test)]
mod tests {
    use crate::Scratch;

    #[tokio::test]
    async fn the_writer_flushes_again_after_an_unflushed_write_even_a_failed_one() {
        let db = Scratch::empty().await;
        db.sql("CREATE TABLE numbers (n BIGINT NOT NULL UNIQUE)", ())
            .run()
            .await
            .expect("a table");
        let flushes = async || {
            db.sql("PRAGMA synchronous", ())
                .one::<(i64,)>()
                .await
                .expect("it tells")
                .0
        };
        for works in [true, false] {
            let written = db.run_unflushed("INSERT INTO numbers VALUES ($1)", (7_i64,)).await;
            assert_eq!(written.is_ok(), works);
            assert_eq!(flushes().await, 2, "FULL");
        }
    }
}
