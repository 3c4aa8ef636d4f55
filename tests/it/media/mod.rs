//! Media both ways: from a webhook to a file, from an upload to Meta, and to whoever may read.

mod api;
mod deleting;
mod inbound;
mod messages;
pub mod meta;
mod reading;
mod refusing;
mod sending;
pub mod stage;
mod store;
mod troubles;
pub mod variants;
