//! Statements bound for one of the databases.

use sqlx::{
    FromRow, PgConnection, PgPool, SqlStr, SqliteConnection, SqlitePool,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{Args, Sql, sql::placeholders};

/// A row type that both databases can fill, by `#[derive(sqlx::FromRow)]`.
pub trait Record: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}
impl<T> Record for T where T: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

/// An executor: a pool, or a connection within a transaction. The first argument of every function with SQL.
pub enum On<'a> {
    SqlitePool(&'a SqlitePool),
    Sqlite(&'a mut SqliteConnection),
    PostgresPool(&'a PgPool),
    Postgres(&'a mut PgConnection),
}

/// A statement with bound arguments. A concrete type on purpose: a trait with generic async functions cannot be proven `Send` where a
/// caller spawns it.
pub enum Statement<'a> {
    SqlitePool(&'a SqlitePool, SqlStr, sqlx::Result<SqliteArguments>),
    Sqlite(&'a mut SqliteConnection, SqlStr, sqlx::Result<SqliteArguments>),
    PostgresPool(&'a PgPool, SqlStr, sqlx::Result<PgArguments>),
    Postgres(&'a mut PgConnection, SqlStr, sqlx::Result<PgArguments>),
}

impl<'a> On<'a> {
    pub fn sql(self, sql: impl Into<Sql>, args: impl Args) -> Statement<'a> {
        let sql = sql.into();
        match self {
            On::SqlitePool(pool) => Statement::SqlitePool(pool, sql.sqlite.clone(), sqlite(&sql.sqlite, args)),
            On::Sqlite(conn) => Statement::Sqlite(conn, sql.sqlite.clone(), sqlite(&sql.sqlite, args)),
            On::PostgresPool(pool) => {
                Statement::PostgresPool(pool, sql.postgres, args.postgres().map(|(args, _)| args))
            }
            On::Postgres(conn) => Statement::Postgres(conn, sql.postgres, args.postgres().map(|(args, _)| args)),
        }
    }

    /// Reborrows the executor, for a function that runs several statements.
    pub fn reborrow(&mut self) -> On<'_> {
        match self {
            On::SqlitePool(pool) => On::SqlitePool(pool),
            On::Sqlite(conn) => On::Sqlite(conn),
            On::PostgresPool(pool) => On::PostgresPool(pool),
            On::Postgres(conn) => On::Postgres(conn),
        }
    }
}

pub(super) fn sqlite(text: &SqlStr, args: impl Args) -> sqlx::Result<SqliteArguments> {
    let (args, given) = args.sqlite()?;
    let wanted = placeholders(text.as_str());
    if wanted == given {
        return Ok(args);
    }
    let text = text.as_str();
    Err(sqlx::Error::Encode(
        format!("{wanted} arguments wanted, {given} given: {text}").into(),
    ))
}

macro_rules! on_each {
    ($statement:expr, |$on:ident, $sql:ident, $args:ident| $run:expr) => {
        match $statement {
            Statement::SqlitePool($on, $sql, $args) => {
                let $args = $args?;
                $run
            }
            Statement::Sqlite($on, $sql, $args) => {
                let $args = $args?;
                $run
            }
            Statement::PostgresPool($on, $sql, $args) => {
                let $args = $args?;
                $run
            }
            Statement::Postgres($on, $sql, $args) => {
                let $args = $args?;
                $run
            }
        }
    };
}

/// Rows as fetched. The code that waits for the database uses this type and is compiled once; only the conversion to records is compiled
/// per type.
pub(super) enum FetchedRows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl FetchedRows {
    pub(super) fn records<T: Record>(&self) -> sqlx::Result<Vec<T>> {
        match self {
            FetchedRows::Sqlite(rows) => rows.iter().map(T::from_row).collect(),
            FetchedRows::Postgres(rows) => rows.iter().map(T::from_row).collect(),
        }
    }

    fn first<T: Record>(&self) -> sqlx::Result<Option<T>> {
        match self {
            FetchedRows::Sqlite(rows) => rows.first().map(T::from_row).transpose(),
            FetchedRows::Postgres(rows) => rows.first().map(T::from_row).transpose(),
        }
    }
}

impl Statement<'_> {
    pub async fn all<T: Record>(self) -> sqlx::Result<Vec<T>> {
        self.fetch().await?.records()
    }

    pub async fn opt<T: Record>(self) -> sqlx::Result<Option<T>> {
        self.fetch().await?.first()
    }

    pub async fn one<T: Record>(self) -> sqlx::Result<T> {
        self.opt().await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Runs the statement and returns the number of rows changed.
    pub async fn run(self) -> sqlx::Result<u64> {
        Ok(on_each!(self, |on, sql, args| sqlx::query_with(sql, args)
            .execute(on)
            .await?
            .rows_affected()))
    }

    pub(super) async fn fetch(self) -> sqlx::Result<FetchedRows> {
        match self {
            Statement::SqlitePool(on, sql, args) => sqlx::query_with(sql, args?)
                .fetch_all(on)
                .await
                .map(FetchedRows::Sqlite),
            Statement::Sqlite(on, sql, args) => sqlx::query_with(sql, args?)
                .fetch_all(on)
                .await
                .map(FetchedRows::Sqlite),
            Statement::PostgresPool(on, sql, args) => sqlx::query_with(sql, args?)
                .fetch_all(on)
                .await
                .map(FetchedRows::Postgres),
            Statement::Postgres(on, sql, args) => sqlx::query_with(sql, args?)
                .fetch_all(on)
                .await
                .map(FetchedRows::Postgres),
        }
    }
}
