//! Items of webhooks that were not understood.

mod find;

pub use find::{Count, Item, Key, counts, list};
