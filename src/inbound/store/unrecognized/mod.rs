//! Items that were not understood: recorded here, kept whole in their raw event.

mod find;
mod put;

pub use put::Unrecognized;
pub use put::put;
pub use {find::UnrecognizedCount, find::UnrecognizedCursor, find::UnrecognizedItem};
pub use {find::counts, find::list};
