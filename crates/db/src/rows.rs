//! Set-based statements: many rows in one. A text begins `WITH r (a, b) AS ({rows})` and is otherwise the same for both databases.
//! PostgreSQL gets the rows as one array per column (`UNNEST`: one plan whatever their number, half the server time of a long `VALUES`),
//! SQLite as `VALUES` lists whose lengths are powers of two, so that a handful of prepared texts serves every size.
//!
//! For rows of a large table found by id see `keyed.rs`.

use std::borrow::Cow;

use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, Postgres, SqlSafeStr, SqlStr, Type, postgres::PgArguments,
    sqlite::SqliteArguments,
};

use super::{Arg, On, Record, Statement, statement::FetchedRows};

/// Maximum length of a `VALUES` list for SQLite.
const MAX_VALUES: usize = 128;

/// A value that can be bound in an array column.
pub trait Cell: Arg + Sized {
    fn array(values: Vec<Self>, to: &mut PgArguments) -> sqlx::Result<()>;
}

impl<T> Cell for T
where
    T: Arg,
    Vec<T>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    fn array(values: Vec<Self>, to: &mut PgArguments) -> sqlx::Result<()> {
        to.add(values).map_err(sqlx::Error::Encode)
    }
}

/// A row of a set: a tuple of cells.
pub trait Row: Send + Sized {
    const WIDTH: usize;
    fn columns(rows: Vec<Self>) -> sqlx::Result<PgArguments>;
    fn values(self, to: &mut SqliteArguments) -> sqlx::Result<()>;
}

macro_rules! rows {
    ($( ($($t:ident $i:tt)*) )*) => {$(
        impl<$($t: Cell),*> Row for ($($t,)*) {
            const WIDTH: usize = [$($i),*].len();
            fn columns(rows: Vec<Self>) -> sqlx::Result<PgArguments> {
                let mut columns = ($( Vec::<$t>::with_capacity(rows.len()), )*);
                for row in rows { $( columns.$i.push(row.$i); )* }
                let mut to = PgArguments::default();
                $( $t::array(columns.$i, &mut to)?; )*
                Ok(to)
            }
            fn values(self, to: &mut SqliteArguments) -> sqlx::Result<()> {
                $( self.$i.sqlite(to)?; )*
                Ok(())
            }
        }
    )*};
}

rows! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15 Q 16)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15 Q 16 R 17)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15 Q 16 R 17 S 18)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15 Q 16 R 17 S 18 T 19)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15 Q 16 R 17 S 18 T 19 U 20)
}

/// A set-based statement, not yet bound. `{rows}` in the text is replaced by the rows.
pub struct Rows<R> {
    text: Cow<'static, str>,
    rows: Vec<R>,
    exact: bool,
}

impl<R: Row> Rows<R> {
    pub fn new(text: &'static str, rows: Vec<R>) -> Self {
        Self::of(text.into(), rows)
    }

    /// Creates a statement from a text built of our own fragments; never from user input.
    pub fn built(text: String, rows: Vec<R>) -> Self {
        Self::of(text.into(), rows)
    }

    fn of(text: Cow<'static, str>, rows: Vec<R>) -> Self {
        debug_assert!(text.contains("{rows}"), "no place for the rows in: {text}");
        Self {
            text,
            rows,
            exact: false,
        }
    }

    /// Uses one statement of exactly this many rows on SQLite (up to the maximum length) instead of several with sizes of powers of two:
    /// for a statement so frequent that each size may have its own prepared text.
    pub fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    /// Returns whether several statements are needed, and so a transaction for one commit.
    pub fn is_split(&self, postgres: bool) -> bool {
        !postgres && (self.rows.len() > MAX_VALUES || (!self.exact && !self.rows.len().is_power_of_two()))
    }

    /// Runs the statement on every row and returns the total number of rows changed.
    pub async fn run(self, on: On<'_>) -> sqlx::Result<u64> {
        let statements = self.split(&on)?;
        run_each(on, statements).await
    }

    /// Runs the statement on every row and returns the resulting rows.
    pub async fn all<T: Record>(self, on: On<'_>) -> sqlx::Result<Vec<T>> {
        let statements = self.split(&on)?;
        let mut records = Vec::new();
        for fetched in fetch_each(on, statements).await? {
            records.extend(fetched.records()?);
        }
        Ok(records)
    }

    fn split(self, on: &On<'_>) -> sqlx::Result<Vec<(SqlStr, Bound)>> {
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        if matches!(on, On::PostgresPool(_) | On::Postgres(_)) {
            let columns = Bound::Postgres(R::columns(self.rows)?);
            return Ok(vec![(postgres_text(&self.text, R::WIDTH), columns)]);
        }
        let mut statements = Vec::new();
        let mut rows = self.rows.into_iter();
        while rows.len() > 0 {
            let run = if self.exact {
                rows.len().min(MAX_VALUES)
            } else {
                MAX_VALUES.min(1 << rows.len().ilog2())
            };
            let mut args = SqliteArguments::default();
            rows.by_ref().take(run).try_for_each(|row| row.values(&mut args))?;
            statements.push((sqlite_text(&self.text, R::WIDTH, run), Bound::Sqlite(args)));
        }
        Ok(statements)
    }
}

/// Bound arguments of one statement.
enum Bound {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

async fn run_each(mut on: On<'_>, statements: Vec<(SqlStr, Bound)>) -> sqlx::Result<u64> {
    let mut changed = 0;
    for (sql, args) in statements {
        changed += bind(&mut on, sql, args).run().await?;
    }
    Ok(changed)
}

async fn fetch_each(mut on: On<'_>, statements: Vec<(SqlStr, Bound)>) -> sqlx::Result<Vec<FetchedRows>> {
    let mut fetched = Vec::with_capacity(statements.len());
    for (sql, args) in statements {
        fetched.push(bind(&mut on, sql, args).fetch().await?);
    }
    Ok(fetched)
}

fn bind<'a>(on: &'a mut On<'_>, sql: SqlStr, args: Bound) -> Statement<'a> {
    match (on.reborrow(), args) {
        (On::SqlitePool(pool), Bound::Sqlite(args)) => Statement::SqlitePool(pool, sql, Ok(args)),
        (On::Sqlite(conn), Bound::Sqlite(args)) => Statement::Sqlite(conn, sql, Ok(args)),
        (On::PostgresPool(pool), Bound::Postgres(args)) => Statement::PostgresPool(pool, sql, Ok(args)),
        (On::Postgres(conn), Bound::Postgres(args)) => Statement::Postgres(conn, sql, Ok(args)),
        _ => unreachable!("the arguments were made for the place they run on"),
    }
}

fn postgres_text(text: &str, width: usize) -> SqlStr {
    let columns: Vec<String> = (1..=width).map(|n| format!("${n}")).collect();
    let rows = format!("SELECT * FROM UNNEST({})", columns.join(", "));
    AssertSqlSafe(text.replace("{rows}", &rows)).into_sql_str()
}

fn sqlite_text(text: &str, width: usize, run: usize) -> SqlStr {
    let row = format!("({})", vec!["?"; width].join(","));
    let rows = format!("VALUES {}", vec![row.as_str(); run].join(","));
    AssertSqlSafe(text.replace("{rows}", &rows)).into_sql_str()
}
