//! What one channel and one contact say to each other.

mod advance;

pub use advance::{Advance, Opened, Pair, advance, lock, open};
