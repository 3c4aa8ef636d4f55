//! Set-based statements on rows of a large table, found by their key, a UUID. Braces mark how SQLite finds them: by a join with the set,
//! row by row. PostgreSQL finds them by `= ANY($1)` and takes the values of each from the position of its key in the sorted array
//! (`width_bucket` is a binary search). So no planner can choose a bad join order: with a join it may compare each of a thousand rows with
//! each of a thousand keys, or scan a whole table that it believes to be small.
//!
//! ```sql
//! WITH r (id, at) AS ({rows})
//! UPDATE sends SET due_at = r.at {FROM r} WHERE {sends.id = r.id} AND sends.due_at > r.at
//!
//! WITH r (id) AS ({rows})
//! SELECT s.id, s.state FROM {r CROSS JOIN} sends s WHERE {s.id = r.id}
//! ```
//!
//! The key is qualified with its table where a subquery could resolve it to another one.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, postgres::PgArguments};
use uuid::Uuid;

use super::{Cell, On, Record, Row, Rows, Statement};

/// A row whose first column is its key.
pub trait KeyedRow: Row {
    fn key(&self) -> Uuid;
}

macro_rules! keyed {
    ($( ($($t:ident)*) )*) => {$(
        impl<$($t: Cell),*> KeyedRow for (Uuid, $($t,)*) {
            fn key(&self) -> Uuid {
                self.0
            }
        }
    )*};
}

keyed! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J)
}

/// A statement on keyed rows, not yet bound. Of rows with the same key the first counts.
pub struct KeyedRows<R> {
    text: Cow<'static, str>,
    rows: Vec<R>,
}

impl<R: KeyedRow> KeyedRows<R> {
    pub fn new(text: &'static str, rows: Vec<R>) -> Self {
        Self::of(text.into(), rows)
    }

    /// Creates a statement from a text built of our own fragments; never from user input.
    pub fn built(text: String, rows: Vec<R>) -> Self {
        Self::of(text.into(), rows)
    }

    /// Sorts the rows by key, as `width_bucket` requires. PostgreSQL still locks them in the order of its plan.
    fn of(text: Cow<'static, str>, mut rows: Vec<R>) -> Self {
        rows.sort_by_key(KeyedRow::key);
        rows.dedup_by_key(|row| row.key());
        Self { text, rows }
    }

    /// Runs the statement and returns the number of rows changed.
    pub async fn run(self, on: On<'_>) -> sqlx::Result<u64> {
        match on {
            _ if self.rows.is_empty() => Ok(0),
            On::PostgresPool(pool) => {
                Statement::PostgresPool(pool, postgres(&self.text), self.columns())
                    .run()
                    .await
            }
            On::Postgres(conn) => {
                Statement::Postgres(conn, postgres(&self.text), self.columns())
                    .run()
                    .await
            }
            on => Rows::built(sqlite(&self.text), self.rows).run(on).await,
        }
    }

    /// Runs the statement and returns its rows.
    pub async fn all<T: Record>(self, on: On<'_>) -> sqlx::Result<Vec<T>> {
        match on {
            _ if self.rows.is_empty() => Ok(Vec::new()),
            On::PostgresPool(pool) => {
                Statement::PostgresPool(pool, postgres(&self.text), self.columns())
                    .all()
                    .await
            }
            On::Postgres(conn) => {
                Statement::Postgres(conn, postgres(&self.text), self.columns())
                    .all()
                    .await
            }
            on => Rows::built(sqlite(&self.text), self.rows).all(on).await,
        }
    }

    fn columns(self) -> sqlx::Result<PgArguments> {
        R::columns(self.rows)
    }
}

/// Returns the text for SQLite: without the braces.
fn sqlite(text: &str) -> String {
    let (head, body) = split_at_rows(text);
    format!("{head}({{rows}}){}", body.replace(['{', '}'], ""))
}

/// Returns the text for PostgreSQL: without the set.
fn postgres(text: &str) -> SqlStr {
    let (head, body) = split_at_rows(text);
    let columns = head.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let columns: Vec<&str> = columns.map_or_else(Vec::new, |(names, _)| names.split(',').map(str::trim).collect());
    let mut key = None;
    let mut found = String::with_capacity(body.len());
    let mut pieces = body.split('{');
    found.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (within, after) = piece.split_once('}').unwrap_or((piece, ""));
        let word = within.split(' ').next().unwrap_or_default();
        if !["FROM", "r"].contains(&word) {
            key.get_or_insert(word);
            found.push_str(word);
            found.push_str(" = ANY($1)");
        }
        found.push_str(after);
    }
    let key = key.unwrap_or_default();
    debug_assert!(!key.is_empty(), "no key in: {text}");
    AssertSqlSafe(with_values(&found, &columns, key)).into_sql_str()
}

/// Replaces each `r.column` by an array lookup, and `r.key` by the key.
fn with_values(text: &str, columns: &[&str], key: &str) -> String {
    let mut made = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(at) = rest.find("r.") {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        let stands_alone = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let name: &str = from[2..]
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        match columns
            .iter()
            .position(|column| *column == name)
            .filter(|_| stands_alone)
        {
            Some(0) => made.push_str(key),
            Some(n) => made.push_str(&format!("(${})[width_bucket({key}, $1)]", n + 1)),
            None => made.push_str(&from[..2 + name.len()]),
        }
        rest = &from[2 + name.len()..];
    }
    made.push_str(rest);
    made
}

fn split_at_rows(text: &str) -> (&str, &str) {
    let parts = text.split_once("({rows})");
    debug_assert!(parts.is_some(), "no place for the rows in: {text}");
    parts.unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "
        WITH r (rid, state, now) AS ({rows})
        UPDATE sends SET state = r.state, due_at = r.now + other.now {FROM r}
        WHERE {sends.id = r.rid} AND EXISTS (SELECT 1 FROM m WHERE m.id = r.rid)
        RETURNING id";

    fn words(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sqlite_joins_the_set() {
        let text = words(&sqlite(SQL));
        assert_eq!(
            text,
            "WITH r (rid, state, now) AS ({rows}) UPDATE sends SET state = r.state, due_at = r.now + other.now FROM r WHERE sends.id = \
             r.rid AND EXISTS (SELECT 1 FROM m WHERE m.id = r.rid) RETURNING id"
        );
    }

    #[test]
    fn postgres_searches_the_arrays() {
        let text = words(postgres(SQL).as_str());
        assert_eq!(
            text,
            "UPDATE sends SET state = ($2)[width_bucket(sends.id, $1)], due_at = ($3)[width_bucket(sends.id, $1)] + other.now WHERE \
             sends.id = ANY($1) AND EXISTS (SELECT 1 FROM m WHERE m.id = sends.id) RETURNING id"
        );
        let select = words(
            postgres("WITH r (id) AS ({rows}) SELECT s.a FROM {r CROSS JOIN} sends s WHERE {s.id = r.id}").as_str(),
        );
        assert_eq!(select, "SELECT s.a FROM sends s WHERE s.id = ANY($1)");
        let delete = words(postgres("WITH r (id) AS ({rows}) DELETE FROM x WHERE {of IN (SELECT id FROM r)}").as_str());
        assert_eq!(delete, "DELETE FROM x WHERE of = ANY($1)");
    }
}
