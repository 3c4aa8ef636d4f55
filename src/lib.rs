//! Mainstay: a self-hosted backend for the WhatsApp Business Platform.
//!
//! The modules stand in the order of their dependence: each imports only those above it, and a test holds us to that.

// Values and rules: no I/O, no clock, no SQL.
pub mod domain;

// Every type of event there is.
pub mod events;

// The time, and ids made from it.
pub mod clock;

// Who else may read our files.
pub mod permissions;

// Secrets at rest and signatures.
pub mod crypto;

// What the environment says.
pub mod config;

// Logs, traces, metrics.
pub mod telemetry;

// Meta's wire.
pub mod meta;

// Two databases behind one door.
pub mod db;

// What a job is, and what runs it.
pub mod queue;

// SQL of what several features share: tenants, channels, contacts, conversations, messages, events.
pub mod records;

// Which channel a webhook is for, and who may sign it.
pub mod directory;

// The boundary to the providers that carry the messages.
pub mod provider;

// What a process has so many of, and nobody may take all.
pub mod shares;

// The memory that requests take.
pub mod memory;

// The guard before addresses that tenants chose.
pub mod egress;

// Where files are.
pub mod storage;

// Who may send when.
pub mod rate_limit;

// Who is who.
pub mod people;

// What may be sent without an open window, and what goes into it.
pub mod templates;

// Events to tenants' programs.
pub mod webhooks;

// What customers send and tenants upload, as files.
pub mod media;

// From a caller's request to a committed message, and from there to Meta, once.
pub mod messaging;

// From Meta's request to a committed row, and from there to conversations.
pub mod inbound;

// Tenants, channels, API keys.
pub mod tenancy;

// What a process holds.
pub mod app;

// The inventory of jobs.
pub mod jobs;

// What has to be done now and then.
pub mod housekeeping;

// The HTTP edge.
pub mod http;

// A running process, from start to end.
pub mod process;

// The command line.
pub mod cli;
