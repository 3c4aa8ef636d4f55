//! The states of a row that wants work. Every queue is a table, and these words mean the same in each.

use super::text_enum::text_enum;

text_enum! {
/// Where a row stands that wants work.
pub enum WorkState {
    /// Waits for its due time, or is due.
    Pending = "pending",
    /// Claimed by a worker until its due time, which is then the end of the lease.
    Running = "running",
    Done = "done",
    /// Out of attempts, or refused for good; kept, visible, replayable.
    Dead = "dead",
    /// Put aside until something outside changes, such as a channel being added.
    Quarantined = "quarantined",
    /// Set aside by a person.
    Discarded = "discarded",
}
}
