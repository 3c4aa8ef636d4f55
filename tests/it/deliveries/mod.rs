//! Deliveries to a program on a socket, which may do anything.

mod answers;
mod asked;
mod at_once;
mod breaker;
mod content;
mod crowd;
mod faults;
mod held;
mod kills;
mod many;
mod order;
pub mod receiver;
mod recorded;
mod upkeep;
pub mod world;
