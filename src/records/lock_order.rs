//! The lock order of all transactions.
//!
//! - A transaction that holds rows of a stage locks none of an earlier stage.
//! - Within a stage rows are locked in key order, by one statement.
//! - Rows locked at their stage may be changed at any later time.
//!
//! Transactions that follow it cannot deadlock. Builds with debug assertions panic where it is violated.

use uuid::Uuid;

use crate::db::{Result, Row, Rows, Tx};

/// The stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Raw events, claimed with `SKIP LOCKED`.
    RawEvents,
    /// The cursor of the event consumer whose turn the transaction is.
    EventConsumers,
    /// The merge lock of a tenant's contacts: an advisory lock, exclusive for merges, shared for all others.
    Tenants,
    /// Channels and templates.
    Configuration,
    /// Campaigns, then their waves, then their recipients.
    Campaigns,
    Portfolios,
    /// Contacts and their identities.
    Contacts,
    Conversations,
    /// Messages with their sends and attempts.
    Messages,
    /// What is known of numbers.
    NumberChecks,
    /// Rows of tasks, each changed by whoever has its lease, and of schedules.
    Tasks,
    /// Counters of campaigns.
    Counters,
    /// The tenant's event sequence, locked until the commit.
    EventCursor,
}

impl Stage {
    /// Records that the transaction enters this stage.
    pub fn reach(self, tx: &mut Tx) {
        let before = tx.reach(self as u8);
        debug_assert!(
            before <= self as u8,
            "the lock order is broken: {self:?} after stage {before}"
        );
    }

    /// Locks rows of this stage until the end of the transaction, by a statement that finds each by its key, in key order, and returns
    /// an id of each. No-op on SQLite, which has one writer.
    pub(super) async fn lock<R: Row>(self, tx: &mut Tx, postgres: &'static str, rows: Vec<R>) -> Result<()> {
        self.reach(tx);
        if !tx.is_postgres() {
            return Ok(());
        }
        let locked: Vec<(Uuid,)> = Rows::new(postgres, rows).all(tx.on()).await?;
        drop(locked);
        Ok(())
    }
}
