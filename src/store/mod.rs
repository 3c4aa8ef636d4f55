//! All SQL: a file per aggregate, a function per query, the connection first. Every query on a tenant's rows names the tenant.

pub mod api_keys;
pub mod blocks;
pub mod channel_checks;
pub mod channels;
pub mod contacts;
pub mod conversations;
pub mod deliveries;
pub mod endpoints;
pub mod engine;
pub mod events;
pub mod former_app_secrets;
pub mod idempotency;
pub mod media;
pub mod message_templates;
pub mod messages;
pub mod partitions;
pub mod portfolios;
pub mod quarantine;
pub mod raw_events;
pub mod retention;
pub mod sends;
pub mod statuses;
pub mod tally;
pub mod templates;
pub mod tenants;
pub mod unrecognized;
