//! What an attacker, a careless tenant or a slow client can do, and what comes of it: a file per subject.

mod bodies;
mod connections;
mod descriptors;
mod guesses;
mod headers;
mod modes;
mod server;
mod watching;
