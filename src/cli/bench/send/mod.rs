//! Sending, against the simulator: what the governor lets pass of what Meta permits, how fast it is without one, and how soon a request
//! to send is answered. The simulator runs on a thread of this process, its limits enforced; api and worker are processes of their own.

mod governed;
mod requests;
mod scene;
mod ungoverned;

use std::{fmt, path::PathBuf};

use serde::Serialize;

use super::{latency::Quantiles, server};
use governed::Governed;
pub use governed::wait;
use scene::Scene;

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Seconds during which limits are kept to.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages sent as fast as can be.
    #[arg(long, default_value_t = 60_000)]
    messages: usize,
    /// Requests per second whose answers are timed.
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// No statuses follow the messages.
    #[arg(long)]
    no_statuses: bool,
    /// Where the SQLite file goes while it lasts.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    statuses: bool,
    governed: Governed,
    ungoverned_per_second: f64,
    /// Of `POST /api/v1/messages`, in milliseconds.
    requests_per_second: u64,
    request: Quantiles,
    /// Of the updates of messages, those that touched no index (HOT). PostgreSQL's alone.
    hot_updates: Option<f64>,
    api_memory_mb: f64,
    worker_memory_mb: f64,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut scene = Scene::set(options).await?;
    let governed = governed::measure(&mut scene, options.seconds).await?;
    let request = requests::measure(&mut scene, options.rate).await?;
    let (ungoverned_per_second, worker_memory_mb) = ungoverned::measure(&mut scene, options.messages).await?;
    let database = server::size(scene.is_postgres);
    Ok(Report {
        database,
        statuses: !options.no_statuses,
        governed,
        ungoverned_per_second,
        requests_per_second: options.rate,
        request,
        hot_updates: scene.hot_updates().await?,
        api_memory_mb: scene.api_memory_mb(),
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
