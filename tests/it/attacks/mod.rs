//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod bodies;
mod connections;
mod content_types;
mod crowded_reads;
mod descriptors;
mod forged_webhooks;
mod guesses;
mod headers;
mod heavy_webhooks;
mod keys;
mod memory;
mod modes;
mod names;
mod pictures;
mod quotas;
mod room;
mod server;
mod shared_secret;
mod watching;
