//! Webhooks as they came.

mod find;
mod insert;
mod replay;

pub use find::{Filter, RawEvent, body, find, list, oldest_due};
pub use insert::{NewRawEvent, insert, insert_again, probe};
pub use replay::{Chosen, choose, make_due, make_due_between};
