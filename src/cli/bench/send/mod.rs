//! Sending, against the simulator: the rates permitted by the rate limiter compared with Meta's limits, the rate without one, and the
//! latency of send requests. The simulator runs on a thread of this process and enforces its limits; API and worker are processes of their
//! own.

mod calls;
mod governed;
mod requests;
mod setup;
mod ungoverned;

use std::{fmt, path::PathBuf};

use serde::Serialize;

use super::{latency::Quantiles, server};
use governed::Governed;
pub use governed::wait;
pub(crate) use governed::{customers, reply};
pub(crate) use setup::SendBench;
pub(crate) use ungoverned::measure as drained;

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Seconds of the measurement with rate limits.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages sent without rate limits.
    #[arg(long, default_value_t = 60_000)]
    messages: usize,
    /// Requests per second whose latency is measured.
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// Report no statuses for the messages.
    #[arg(long)]
    no_statuses: bool,
    /// Folder of the SQLite file during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// The measurements.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    statuses: bool,
    governed: Governed,
    ungoverned_per_second: f64,
    /// Load on `POST /api/v1/messages`, and its latencies in milliseconds.
    requests_per_second: u64,
    request: Quantiles,
    /// Fraction of the updates of messages that touched no index (HOT). PostgreSQL only.
    hot_updates: Option<f64>,
    api_memory_mb: f64,
    worker_memory_mb: f64,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut bench = SendBench::start(&options.data, !options.no_statuses).await?;
    let governed = governed::measure(&mut bench, options.seconds).await?;
    let request = requests::measure(&mut bench, options.rate).await?;
    let (ungoverned_per_second, worker_memory_mb) = ungoverned::measure(&mut bench, options.messages).await?;
    let database = server::size(bench.is_postgres);
    Ok(Report {
        database,
        statuses: !options.no_statuses,
        governed,
        ungoverned_per_second,
        requests_per_second: options.rate,
        request,
        hot_updates: bench.hot_updates().await?,
        api_memory_mb: bench.api_memory_mb(),
        worker_memory_mb,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses = if self.statuses { "with" } else { "without" };
        writeln!(f, "sending on {}, {statuses} statuses", self.database)?;
        writeln!(f, "{}", self.governed)?;
        writeln!(f, "  ungoverned                {:>7.0}/s", self.ungoverned_per_second)?;
        writeln!(
            f,
            "  a request, at {}/s       {}",
            self.requests_per_second, self.request
        )?;
        if let Some(share) = self.hot_updates {
            writeln!(f, "  updates of messages       {:>7.0} % touch no index", share * 100.0)?;
        }
        write!(
            f,
            "  memory: api {:.0} MB, worker {:.0} MB at most",
            self.api_memory_mb, self.worker_memory_mb
        )
    }
}
