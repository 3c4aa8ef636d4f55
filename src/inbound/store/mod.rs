//! SQL of what only inbound processing reads and writes: statuses ahead of their message, quarantined webhooks, unrecognized parts.

pub mod quarantine;
pub mod statuses;
pub mod unrecognized;
