//! The simulator held against the bytes it makes and against a small receiver.

mod bodies;
mod control;
mod delivery;
mod graph;
mod people;
mod receiver;
mod rudeness;
mod traffic;
