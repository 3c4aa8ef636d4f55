//! Mainstay: a self-hosted backend for the WhatsApp Business Platform.
//!
//! The modules stand in the order of their dependence: each imports only those above it, and a test holds us to that.

/// What a process holds.
pub mod app;
/// The time, and ids made from it.
pub mod clock;
/// What the environment says.
pub mod config;
/// Secrets at rest and signatures.
pub mod crypto;
/// Two databases behind one door.
pub mod db;
/// Which channel a webhook is for, and who may sign it.
pub mod directory;
/// Values and rules.
pub mod domain;
/// The HTTP edge.
pub mod http;
/// From Meta's request to a committed row.
pub mod intake;
/// Stored webhooks, processed again.
pub mod replay;
/// All SQL.
pub mod store;
/// Logs, traces, metrics.
pub mod telemetry;
/// Tenants, channels, API keys.
pub mod tenancy;
pub mod queue;
