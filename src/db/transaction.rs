use sqlx::{Postgres, Sqlite, Transaction};

use super::{Args, On, Sql, Statement};

/// A transaction; dropped without [`Tx::commit`] it rolls back, but only when its connection is used next: where its locks matter,
/// say [`Tx::rollback`].
#[must_use = "a transaction that is not committed is rolled back"]
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub fn sql(&mut self, sql: impl Into<Sql>, args: impl Args) -> Statement<'_> {
        On::from(self).sql(sql, args)
    }

    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
    }

    pub async fn rollback(self) -> sqlx::Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.rollback().await,
            Tx::Postgres(tx) => tx.rollback().await,
        }
    }
}

impl<'a> From<&'a mut Tx> for On<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        match tx {
            Tx::Sqlite(tx) => On::Sqlite(tx),
            Tx::Postgres(tx) => On::Postgres(tx),
        }
    }
}
