//! Meta's wire formats: webhooks in, Graph API requests out. Independent of the database.

pub mod error_data;
pub mod graph;
pub mod message;
mod phone;
pub mod webhook;
