//! What tests stand on: the application, servers, processes, whole installations, waiting, webhooks.

pub mod app;
mod daemon;
pub mod databases;
pub mod deployment;
pub mod folder;
pub mod http;
pub mod polled;
pub mod process;
pub mod servers;
pub mod snapshot;
pub mod wait;
pub mod webhook;
