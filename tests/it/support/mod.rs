//! What tests stand on: servers, processes, waiting.

mod daemon;
mod folder;
pub mod process;
pub mod servers;
pub mod wait;
