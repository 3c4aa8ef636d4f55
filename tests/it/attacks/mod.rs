//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod addresses;
mod bodies;
mod cursors;
mod document;
mod heavy_webhooks;
mod keys;
mod memory;
mod names;
mod pictures;
mod room;
mod rotation;
mod texts;
