//! The one order in which transactions lock rows. A transaction that holds rows of a stage takes none of an earlier one; within a stage rows
//! are locked in the order of their keys, by one statement. Two transactions that obey cannot wait for each other in a circle.
//!
//! Rows that a transaction locked at their stage may be changed by it at any time after. Builds with debug assertions panic where the order
//! is broken; the stages of tables to come are those of the design.

use crate::db::Tx;

/// What is locked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Stored webhooks, claimed with `SKIP LOCKED`.
    RawEvents,
    /// The advisory lock that merges of a tenant's contacts take exclusively and everybody else shared.
    Tenants,
    /// Channels, templates: what people and Meta configure.
    Configuration,
    Portfolios,
    /// Contacts and their identities.
    Contacts,
    Conversations,
    /// Messages, and the sends and attempts that belong to them.
    Messages,
    /// The tenant's sequence of events: held to the commit.
    EventCursor,
}

impl Stage {
    /// Notes that the transaction locks rows of this stage from here on.
    pub fn reach(self, tx: &mut Tx) {
        let before = tx.reach(self as u8);
        debug_assert!(
            before <= self as u8,
            "the lock order is broken: {self:?} after stage {before}"
        );
    }
}
