use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::{Postgres, Sqlite, Transaction};

use super::{
    Args, On, Sql, Statement,
    hints::{Hint, Listener},
};

/// A transaction; dropped without [`Tx::commit`] it rolls back, but only when its connection is used next: where its locks matter,
/// say [`Tx::rollback`], [`Tx::close`] or [`super::Db::transaction`].
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Tx {
    on: Kind,
    hints: Vec<Hint>,
    listener: Listener,
    stop: Option<Stop>,
    /// How far in the lock order it is.
    stage: u8,
    /// Advisory locks that it holds.
    advisory: BTreeSet<i64>,
}

/// Ends whatever statement of a SQLite reader still runs, when it is dropped.
pub(super) struct Stop(pub Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

enum Kind {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn sqlite(tx: Transaction<'static, Sqlite>, listener: Listener) -> Self {
        Self::of(Kind::Sqlite(tx), listener)
    }

    pub(super) fn postgres(tx: Transaction<'static, Postgres>, listener: Listener) -> Self {
        Self::of(Kind::Postgres(tx), listener)
    }

    fn of(on: Kind, listener: Listener) -> Self {
        Self {
            on,
            hints: Vec::new(),
            listener,
            stop: None,
            stage: 0,
            advisory: BTreeSet::new(),
        }
    }

    pub(super) fn until(self, stop: Stop) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.on, Kind::Postgres(_))
    }

    pub fn sql(&mut self, sql: impl Into<Sql>, args: impl Args) -> Statement<'_> {
        On::from(self).sql(sql, args)
    }

    /// Notes that it locks rows of a stage of the lock order from here on, and returns the latest stage that it locked rows of before.
    pub fn reach(&mut self, stage: u8) -> u8 {
        let before = self.stage;
        self.stage = before.max(stage);
        before
    }

    /// Notes that it holds an advisory lock; false if it held it before.
    pub fn note_advisory(&mut self, key: i64) -> bool {
        self.advisory.insert(key)
    }

    /// Something that may be done once this is committed. Whoever listens is told then and not before; nobody is told of what is rolled
    /// back. It may get lost, so what it says must be found in the tables too.
    pub fn hint(&mut self, hint: Hint) {
        self.hints.push(hint);
    }

    pub async fn commit(self) -> sqlx::Result<()> {
        match self.on {
            Kind::Sqlite(tx) => tx.commit().await?,
            Kind::Postgres(tx) => tx.commit().await?,
        }
        self.listener.tell(self.hints);
        Ok(())
    }

    /// Commits what went well and undoes what did not, so that its locks do not outlive it.
    pub async fn close<T, E: From<sqlx::Error>>(self, result: Result<T, E>) -> Result<T, E> {
        match result {
            Ok(value) => {
                self.commit().await?;
                Ok(value)
            }
            Err(error) => {
                self.rollback().await?;
                Err(error)
            }
        }
    }

    /// Also where a statement was given up half way: SQLite ends it at once, PostgreSQL at its limit.
    pub async fn rollback(self) -> sqlx::Result<()> {
        drop(self.stop);
        match self.on {
            Kind::Sqlite(tx) => tx.rollback().await,
            Kind::Postgres(tx) => tx.rollback().await,
        }
    }
}

impl<'a> From<&'a mut Tx> for On<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        match &mut tx.on {
            Kind::Sqlite(tx) => On::Sqlite(tx),
            Kind::Postgres(tx) => On::Postgres(tx),
        }
    }
}
