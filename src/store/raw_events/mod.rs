//! Webhooks as they came.

mod find;
mod insert;

pub use find::{Filter, RawEvent, body, find, list, oldest_due};
pub use insert::{NewRawEvent, insert, insert_again, probe};
