//! The SQL shared by all queues. The table name is inserted from our own constants.
//!
//! Rows looked up by id compare states and times in a form that no index serves (`state || ''`). Without statistics PostgreSQL takes the
//! partial index of due rows for small and would scan every waiting row per batch.

mod claim;
mod due_page;
mod finish;
mod markers;
mod open_rows;
mod rescue;

pub(super) use claim::renew;
pub use claim::{Lease, claim};
pub(super) use due_page::{DueCursor, PAGE_SIZE, due_page};
pub(super) use finish::{FinishedRun, RetryPolicy, write_ends};
pub use markers::delete_stale_markers;
pub(super) use markers::{
    Marker, MarkerOwner, begin_suspected_run, markers_of_other_workers, put_marker, remove_markers, split_markers,
};
pub(super) use open_rows::{RowChange, apply_changes, open_rows};
pub(super) use rescue::rescue;
