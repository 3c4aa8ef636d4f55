//! SQL shared by several features: one file per aggregate, one function per query. Every query on tenant data names the tenant.

pub mod api_keys;
pub mod campaigns;
pub mod channel_checks;
pub mod channels;
pub mod contacts;
pub mod conversations;
pub mod engine;
pub mod event_consumers;
pub mod events;
pub(crate) mod former_app_secrets;
pub mod idempotency;
pub mod lock_order;
pub(crate) mod master_key;
pub mod messages;
mod page_bytes;
pub(crate) mod partitions;
pub mod portfolios;
pub mod quotas;
pub mod raw_events;
#[cfg(feature = "simulator")]
pub mod tally;
pub(crate) mod tasks;
pub mod tenants;
