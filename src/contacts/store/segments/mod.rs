//! SQL of segments: their rows, and scans of contacts by a filter.

mod args;
mod condition;
mod related;
mod scan;

pub use args::FilterArg;
pub use condition::FilterCondition;
pub use scan::{Scan, window_statement};
