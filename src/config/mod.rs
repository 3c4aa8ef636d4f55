//! Configuration: the environment and nothing else. Every variable is listed once, in [`Environment`]; every error names the
//! variable and the cure.

mod connections;
mod deliveries;
mod egress;
mod environment;
mod files;
mod parse;
mod storage;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;

pub use connections::{Connections, Pace};
pub use deliveries::Deliveries;
pub use egress::EgressPolicy;
pub use environment::Environment;
pub use parse::ConfigError;
pub use storage::{Bucket, Storage};

use crate::crypto::Keyring;

/// What a process was told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub database_url: String,
    pub database_connections: u32,
    /// For the reads of tenants, besides.
    pub database_read_connections: u32,
    /// Redis, and the prefix of every key there; `None` means the queue lives in this process.
    pub redis: Option<Redis>,
    pub listen: SocketAddr,
    /// Where the `worker` binary serves health and metrics, if anywhere.
    pub worker_listen: Option<SocketAddr>,
    /// Where an API process serves health and metrics besides, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    pub keyring: Keyring,
    pub admin_token: Option<Secret>,
    /// Asked for before metrics and the details of health are shown.
    pub metrics_token: Option<Secret>,
    pub app_secrets: Vec<Secret>,
    pub verify_token: Option<Secret>,
    pub graph: Graph,
    pub sending: Sending,
    /// How events are delivered.
    pub deliveries: Deliveries,
    pub limits: Limits,
    pub connections: Connections,
    pub retention: Retention,
    /// Where media are kept.
    pub storage: Storage,
    /// What tenants may make this process reach.
    pub egress: EgressPolicy,
    /// What links to this installation begin with, without a slash at the end.
    pub public_url: Option<String>,
    pub telemetry: Telemetry,
}

#[derive(Clone, Debug)]
pub struct Redis {
    pub url: Secret,
    pub prefix: String,
}

/// Where Meta's Graph API is, and which version of it we speak.
#[derive(Clone, Debug)]
pub struct Graph {
    pub base_url: String,
    pub version: String,
    /// For a whole call, files aside.
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Sending {
    /// How long a message of which nobody knows whether it was sent waits for a status to tell.
    pub unknown_window: TimeDelta,
    /// How long before its end is told that a service window closes; `None` is never.
    pub window_closing: Option<TimeDelta>,
}

/// Every limit has a number, a metric and a test.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a webhook; Meta sends up to 3 MB.
    pub body_bytes: usize,
    /// Bytes of memory that requests hold at a time, webhooks aside; a tenant has a quarter of them.
    pub request_bytes: usize,
    /// Webhooks that may wait for the group commit; more are answered 503.
    pub intake_backlog: usize,
    /// Requests to send that may wait for the commit; more are answered 503.
    pub outbox_backlog: usize,
    /// Requests per second per API key, with a burst of twice as many.
    pub api_rate: u32,
    /// Ids the queue driver holds per queue; the sweep brings the rest later.
    pub queue_depth: usize,
    /// Free disk, in megabytes, below which the process reports itself unready.
    pub disk_free_mb: u64,
}

#[derive(Clone, Debug)]
pub struct Retention {
    pub raw_events: TimeDelta,
    pub dead_events: TimeDelta,
    pub events: TimeDelta,
    /// The work of messages; the messages themselves stay.
    pub sends: TimeDelta,
    pub orphan_statuses: TimeDelta,
    pub media: TimeDelta,
}

#[derive(Clone, Debug)]
pub struct Telemetry {
    pub json: bool,
    /// A `tracing` filter such as `info,mainstay=debug`.
    pub filter: String,
    pub otlp_endpoint: Option<String>,
}

/// Text that must not reach a log: its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What a process is started for, and so what it cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Works on the database from the command line.
    Operate,
    /// `mainstay serve`: everything in one process.
    Serve,
    /// The `api` binary.
    Api,
    /// The `worker` binary.
    Worker,
}

impl Config {
    /// Reads the environment of this process.
    pub fn load(purpose: Purpose) -> Result<Self, ConfigError> {
        Environment::read()?.check(purpose)
    }

    pub fn is_postgres(&self) -> bool {
        self.database_url.starts_with("postgres")
    }
}
