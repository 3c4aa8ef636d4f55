//! Media both ways: from a webhook to a file, from an upload to Meta, and to whoever may read.

mod api;
mod deleting;
mod inbound;
mod meta;
mod reading;
mod sending;
mod stage;
mod store;
mod troubles;
mod variants;
