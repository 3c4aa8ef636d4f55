//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod bodies;
mod connections;
mod content_types;
mod descriptors;
mod guesses;
mod headers;
mod heavy_webhooks;
mod keys;
mod memory;
mod modes;
mod names;
mod pictures;
mod room;
mod server;
mod watching;
