//! Meta's wire: what it sends us and what it wants to hear. Knows no tables.

pub mod error_data;
pub mod graph;
pub mod message;
mod phone;
pub mod webhook;
