//! Transactions, and the hints of their commits.

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
    hints::{Hint, HintSender},
};

/// A transaction. Dropped without [`Tx::commit`] it is rolled back only when its connection is used next. Where its locks matter, use
/// [`Tx::rollback`], [`Tx::close`] or [`super::Db::transaction`].
#[must_use = "a transaction that is not committed is rolled back"]
pub struct Tx {
    on: TxKind,
    hints: Vec<Hint>,
    hint_sender: HintSender,
    stop: Option<Interrupt>,
    /// How far in the lock order it is.
    stage: u8,
    /// Advisory locks that it holds.
    advisory: BTreeSet<i64>,
}

/// Interrupts a running statement of a SQLite reader when dropped.
pub(super) struct Interrupt(pub Arc<AtomicBool>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

enum TxKind {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn sqlite(tx: Transaction<'static, Sqlite>, hint_sender: HintSender) -> Self {
        Self::of(TxKind::Sqlite(tx), hint_sender)
    }

    pub(super) fn postgres(tx: Transaction<'static, Postgres>, hint_sender: HintSender) -> Self {
        Self::of(TxKind::Postgres(tx), hint_sender)
    }

    fn of(on: TxKind, hint_sender: HintSender) -> Self {
        Self {
            on,
            hints: Vec::new(),
            hint_sender,
            stop: None,
            stage: 0,
            advisory: BTreeSet::new(),
        }
    }

    pub(super) fn with_interrupt(self, stop: Interrupt) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.on, TxKind::Postgres(_))
    }

    /// Returns where statements of this transaction run.
    #[inline]
    pub fn on(&mut self) -> On<'_> {
        match &mut self.on {
            TxKind::Sqlite(tx) => On::Sqlite(tx),
            TxKind::Postgres(tx) => On::Postgres(tx),
        }
    }

    pub fn sql(&mut self, sql: impl Into<Sql>, args: impl Args) -> Statement<'_> {
        self.on().sql(sql, args)
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

    /// Adds a hint, sent to the subscriber of its queue after the commit and discarded by a rollback, or at once if there is none. A hint
    /// may get lost, so the tables must lead to the same row.
    pub fn hint(&mut self, hint: Hint) {
        if self.hint_sender.has_subscriber(hint.queue) {
            self.hints.push(hint);
        }
    }

    pub async fn commit(self) -> sqlx::Result<()> {
        match self.on {
            TxKind::Sqlite(tx) => tx.commit().await?,
            TxKind::Postgres(tx) => tx.commit().await?,
        }
        self.hint_sender.send(&self.hints);
        Ok(())
    }

    /// Commits on success and rolls back on failure, so that no locks remain.
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

    /// Rolls back, even after a cancelled statement: SQLite interrupts it at once, PostgreSQL at its time limit.
    pub async fn rollback(self) -> sqlx::Result<()> {
        drop(self.stop);
        match self.on {
            TxKind::Sqlite(tx) => tx.rollback().await,
            TxKind::Postgres(tx) => tx.rollback().await,
        }
    }
}
