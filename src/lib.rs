//! Mainstay: a self-hosted backend for the WhatsApp Business Platform.
//!
//! The modules stand in the order of their dependence: each imports only those above it, and a test holds us to that. Above them all are the
//! crates under `crates/`, which know none of them.
//!
//! The library is made for the programs in `bin/` and the tests in `tests/`: what neither uses is `pub(crate)`, so that the compiler finds
//! what nobody uses.

// Values and rules, the time, file modes, fair shares.
pub use mainstay_core::{clock, domain, permissions, shares};

// Every type of event there is.
pub use mainstay_events as events;

// Meta's wire.
pub use mainstay_meta as meta;

// Secrets at rest and signatures.
pub use mainstay_crypto as crypto;

// Two databases behind one door.
pub use mainstay_db as db;

// Phone numbers as people write them.
pub use mainstay_phone as phone;

// What a job is, and what runs it.
pub use mainstay_queue as queue;

// Who may send when.
pub use mainstay_rate_limit as rate_limit;

// The guard before addresses that tenants chose.
pub use mainstay_egress as egress;

// Where files are.
pub use mainstay_storage as storage;

// What the environment says.
pub mod config;

// Logs, traces, metrics.
pub mod telemetry;

// SQL of what several features share: tenants, channels, contacts, conversations, messages, events.
pub mod records;

// Which channel a webhook is for, and who may sign it.
pub mod directory;

// The boundary to the providers that carry the messages.
pub mod provider;

// The memory that requests take.
pub mod memory;

// Local times as instants.
mod local_time;

// Who customers are, what they allow, and what is known of them.
pub mod contacts;

// What may be sent without an open window, and what goes into it.
pub mod templates;

// Events to tenants' programs.
pub mod webhooks;

// What customers send and tenants upload, as files.
pub mod media;

// From a caller's request to a committed message, and from there to Meta, once.
pub mod messaging;

// One template to many people, once each.
pub mod campaigns;

// From Meta's request to a committed row, and from there to conversations.
pub mod inbound;

// Which numbers can be reached, as far as that is known.
pub mod verifications;

// What tenants take out: contacts, conversations, campaigns, as files.
pub mod exports;

// Tenants, channels, API keys.
pub mod tenancy;

// What is due at planned times.
pub mod schedule;

// What a process holds.
pub mod app;

// What has to be done now and then.
pub mod housekeeping;

// The inventory of jobs.
pub mod jobs;

// The HTTP edge.
pub mod http;

// A running process, from start to end.
pub mod process;

// The command line.
pub mod cli;
