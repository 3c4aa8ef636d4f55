//! What attackers, careless tenants and slow clients can do: one file per subject.

mod bodies;
mod keys;
mod memory;
mod names;
mod pictures;
mod room;
