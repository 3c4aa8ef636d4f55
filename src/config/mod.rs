//! Configuration from the environment, and from `.env` for what it lacks. Every variable is listed once, in [`Environment`]; every error names the variable and the fix.

mod connections;
mod dead_letters;
mod deliveries;
mod egress;
mod env_file;
mod environment;
mod files;
mod parse;
mod storage;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;
use chrono_tz::Tz;

pub(crate) use connections::ConnectionLimits;
pub use connections::ConnectionTimeouts;
pub use deliveries::Deliveries;
pub use environment::Environment;
pub use mainstay_core::Secret;
pub use mainstay_egress::EgressPolicy;
pub use mainstay_storage::{Bucket, StorageConfig};
pub(crate) use parse::ConfigError;

use crate::{crypto::Keyring, queue::dead_letters::Ladder};

/// The validated configuration of a process.
#[derive(Clone, Debug)]
pub struct Config {
    pub database_url: String,
    pub(crate) database_connections: u32,
    /// Additional connections for the reads of tenants.
    pub(crate) database_read_connections: u32,
    /// Redis, and the prefix of its keys; `None` means queues in memory.
    pub redis: Option<RedisConfig>,
    pub listen: SocketAddr,
    /// Where the `worker` binary serves health and metrics, if anywhere.
    pub(crate) worker_listen: Option<SocketAddr>,
    /// Additional address on which an API process serves health and metrics.
    pub metrics_listen: Option<SocketAddr>,
    pub keyring: Keyring,
    pub admin_token: Option<Secret>,
    /// Required for metrics and details of health.
    pub metrics_token: Option<Secret>,
    pub app_secrets: Vec<Secret>,
    pub verify_token: Option<Secret>,
    pub graph: Graph,
    pub sending: SendingConfig,
    /// Settings of webhook deliveries.
    pub deliveries: Deliveries,
    pub limits: Limits,
    pub connections: ConnectionLimits,
    pub retention: Retention,
    /// How long what was found out about a number counts.
    pub verification_cache: TimeDelta,
    /// How dead jobs are revived.
    pub dead_letters: Ladder,
    /// Time zone of the installation's own schedules.
    pub scheduler_zone: Tz,
    /// Media storage.
    pub storage: StorageConfig,
    /// Addresses that tenants may make this process reach.
    pub egress: EgressPolicy,
    /// Base URL of links to this installation, without a trailing slash.
    pub public_url: Option<String>,
    pub(crate) telemetry: TelemetryConfig,
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    pub url: Secret,
    pub prefix: String,
}

/// Base URL and version of Meta's Graph API.
#[derive(Clone, Debug)]
pub struct Graph {
    pub base_url: String,
    pub version: String,
    /// Time limit of a call, except for files.
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct SendingConfig {
    /// How long a message whose outcome is unknown waits for a status.
    pub unknown_window: TimeDelta,
    /// How long before its end the closing of a service window is reported; `None` is never.
    pub window_closing: Option<TimeDelta>,
}

/// Limits of a process. Each has a number, a metric and a test.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Maximum bytes of a webhook; Meta sends up to 3 MB.
    pub body_bytes: usize,
    /// Maximum bytes of memory held by requests, webhooks excepted; a tenant has a quarter of them.
    pub request_bytes: usize,
    /// Maximum number of webhooks waiting for the group commit; more are answered 503.
    pub(crate) intake_backlog: usize,
    /// Maximum number of send requests waiting for the commit; more are answered 503.
    pub(crate) outbox_backlog: usize,
    /// Requests per second per API key, with a burst of twice as many.
    pub api_rate: u32,
    /// Ids per queue in the driver; the sweep brings the rest later.
    pub(crate) queue_depth: usize,
    /// Free disk, in megabytes, below which the process reports itself unready.
    pub disk_free_mb: u64,
}

#[derive(Clone, Debug)]
pub struct Retention {
    pub raw_events: TimeDelta,
    pub(crate) dead_events: TimeDelta,
    pub events: TimeDelta,
    /// Queue rows of messages; the messages themselves stay.
    pub sends: TimeDelta,
    pub(crate) orphan_statuses: TimeDelta,
    pub media: TimeDelta,
    /// Recipients and rows of campaigns that have ended; the campaigns themselves stay.
    pub(crate) campaigns: TimeDelta,
}

#[derive(Clone, Debug)]
pub(crate) struct TelemetryConfig {
    pub json: bool,
    /// A `tracing` filter such as `info,mainstay=debug`.
    pub filter: String,
    pub otlp_endpoint: Option<String>,
}

/// The kind of process, which decides what it requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Operates on the database from the command line.
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
