//! Deliveries to a program on a socket, which may do anything.

mod answers;
mod asked;
mod breaker;
mod content;
mod crowd;
mod faults;
mod kills;
mod order;
mod receiver;
mod upkeep;
mod world;
