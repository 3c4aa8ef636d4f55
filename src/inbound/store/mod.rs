//! SQL used by inbound processing alone: orphan statuses, quarantined webhooks, unrecognized items.

pub mod quarantine;
pub mod statuses;
pub mod unrecognized;
