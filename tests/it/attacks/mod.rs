//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod addresses;
mod bodies;
mod connections;
mod content_types;
mod crowded_reads;
mod cursors;
mod descriptors;
mod document;
mod early;
mod forged_webhooks;
mod guesses;
mod headers;
mod heavy_webhooks;
mod keys;
mod memory;
mod modes;
mod names;
mod pages;
mod pictures;
mod quotas;
mod room;
mod rotation;
mod server;
mod shared_secret;
mod texts;
mod watching;
