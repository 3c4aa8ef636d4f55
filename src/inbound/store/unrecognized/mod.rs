//! Items that were not understood: recorded here, kept whole in their raw event.

mod find;
mod put;

pub use find::{UnrecognizedCount, UnrecognizedCursor, UnrecognizedItem, counts, list};
pub use put::{Unrecognized, put};
