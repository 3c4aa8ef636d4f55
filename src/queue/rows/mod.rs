//! The SQL that every queue shares, written once: the table's name is put in from our own constants.
//!
//! Where rows are named by their ids, states and times are compared in a way that no index serves (`state || ''`): the indexes of what is
//! due look small to a PostgreSQL without statistics, and it would go through all that waits for every batch.

mod change;
mod claim;
mod ends;
mod markers;
mod page;
mod rescue;

pub(super) use change::{RowChange, change, standing};
pub(super) use claim::renew;
pub use claim::{Lease, claim};
pub(super) use ends::{End, Policy, write_ends};
pub use markers::forget as forget_markers;
pub(super) use markers::{Marker, begin, end, of_others, put, split};
pub(super) use page::{Cursor, PAGE, due_page};
pub(super) use rescue::rescue;
