//! States of queue rows. Every queue is a table and uses the same states.

use super::text_enum::text_enum;

text_enum! {
/// State of a queue row.
pub enum WorkState {
    /// Waiting for its due time, or due.
    Pending = "pending",
    /// Claimed by a worker until its due time, which is then the end of the lease.
    Running = "running",
    Done = "done",
    /// Out of attempts, or failed permanently; kept, listed, replayable.
    Dead = "dead",
    /// Waiting for an external condition, such as a channel being added.
    Quarantined = "quarantined",
    /// Discarded by a person.
    Discarded = "discarded",
}
}
