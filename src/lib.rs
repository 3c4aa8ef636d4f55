//! Mainstay: a self-hosted backend for the WhatsApp Business Platform.
//!
//! The modules stand in the order of their dependence: each imports only those above it, and a test holds us to that.

// Values and rules: no I/O, no clock, no SQL.
pub mod domain;

// Every type of event there is.
pub mod events;

// The time, and ids made from it.
pub mod clock;

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

// All SQL.
pub mod store;

// Which channel a webhook is for, and who may sign it.
pub mod directory;

// Tenants, channels, API keys.
pub mod tenancy;

// What a process has so many of, and nobody may take all.
pub mod shares;

// The memory that requests take.
pub mod memory;

// The guard before addresses that tenants chose.
pub mod net;

// Where files are.
pub mod storage;

// Who may send when.
pub mod governor;

// Who is who.
pub mod people;

// What may be sent without an open window, and what goes into it.
pub mod templates;

// From Meta's request to a committed row.
pub mod intake;

// From a caller's request to a committed message.
pub mod outbox;

// Events to tenants' programs.
pub mod subscriptions;

// What a process holds.
pub mod app;

// Stored webhooks, processed again.
pub mod replay;

// What customers send and tenants upload, as files.
pub mod media;

// From a committed message to Meta, once.
pub mod messaging;

// From stored webhooks to conversations.
pub mod inbound;

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
