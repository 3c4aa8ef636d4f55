//! SQL of segments: their rows, and scans of contacts by a filter.

mod args;
mod condition;
mod related;
mod rows;
mod scan;

pub use args::FilterArg;
pub use condition::FilterCondition;
pub(crate) use rows::{StoredSegment, archive, find, insert, list, lock, set_count, update};
pub(crate) use scan::selected_among;
pub use scan::{Scan, window_statement};
