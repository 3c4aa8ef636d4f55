//! Domain events: what happened, in the order of a sequence per tenant that has no gaps.

mod find;

pub use find::{Event, Page, list};
