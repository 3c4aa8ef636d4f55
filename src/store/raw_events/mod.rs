//! Webhooks as they came.

mod insert;
mod replay;

pub use insert::{NewRawEvent, insert, insert_again, probe};
pub use replay::{Chosen, choose, make_due, make_due_between};
