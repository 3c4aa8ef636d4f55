//! The whole path: webhooks are accepted while earlier ones are processed. Each half is first measured alone, in the same run, and the whole
//! is compared with their harmonic sum: the rate of one worker that did first the one and then the other.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    Options,
    child::{Server, database_url},
    intake::measure,
    latency::Quantiles,
    load::{Loaded, Numbers},
    prefill, process, server,
};
use crate::config::Config;

/// Seconds of load that form the backlog when the half load begins.
const BACKLOG: Duration = Duration::from_secs(2);

/// The measurements, in webhooks per second and milliseconds.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    connections: usize,
    intake_alone_per_second: f64,
    processing_alone_per_second: f64,
    /// Rate of webhooks sent as fast as they are answered, until the last is a visible message.
    visible_per_second: f64,
    /// `visible_per_second` over the harmonic sum of the two halves.
    ratio: f64,
    full_load: Quantiles,
    /// Latencies at half of `visible_per_second`, while a backlog is processed.
    half_load: Quantiles,
    /// Memory of the process that accepts webhooks.
    peak_memory_mb: Option<f64>,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut config = server::config()?;
    config.database_url = database_url(&config.database_url, &options.data)?;
    let registry = server::prepare(&config).await?;
    prefill::run(&registry, options.prefill).await?;
    let (db, numbers) = (&registry.db, Numbers::default());
    let load = async |server: &Server, rate: Option<f64>, duration: Duration| {
        measure(server, options, options.connections, rate, duration, &numbers).await
    };

    let api = Server::start(&config.database_url, &["--api"]).await?;
    let intake = load(&api, None, options.duration()).await?;
    api.stop().await?;
    let mut taken = intake.latencies.len() as i64;
    let worker = Server::start(&config.database_url, &["--worker"]).await?;
    let processing = process::drain(db, taken).await?;
    worker.stop().await?;

    let servers = Servers::start(&config).await?;
    let begun = Instant::now();
    let full = load(servers.api(), None, options.duration()).await?;
    taken += full.latencies.len() as i64;
    process::drain(db, taken).await?;
    let visible = full.latencies.len() as f64 / begun.elapsed().as_secs_f64();
    let backlog = load(servers.api(), None, BACKLOG).await?;
    let half = load(servers.api(), Some(visible / 2.0), options.duration()).await?;
    taken += [&backlog, &half]
        .map(|it: &Loaded| it.latencies.len() as i64)
        .iter()
        .sum::<i64>();
    process::drain(db, taken).await?;
    let peak_memory_mb = servers.api().peak_memory_mb();
    servers.stop().await?;

    let alone = [intake.per_second(), processing];
    Ok(Report {
        database: server::size(config.is_postgres()),
        connections: options.connections,
        intake_alone_per_second: alone[0],
        processing_alone_per_second: alone[1],
        visible_per_second: visible,
        ratio: visible * alone.map(f64::recip).iter().sum::<f64>(),
        full_load: full.latencies.quantiles(),
        half_load: half.latencies.quantiles(),
        peak_memory_mb,
    })
}

/// The server processes: one on SQLite; one for each half on PostgreSQL.
struct Servers(Vec<Server>);

impl Servers {
    async fn start(config: &Config) -> anyhow::Result<Self> {
        let processes: &[&[&str]] = match config.is_postgres() {
            true => &[&["--api"], &["--worker"]],
            false => &[&["--api", "--worker"]],
        };
        let mut servers = Vec::new();
        for flags in processes {
            servers.push(Server::start(&config.database_url, flags).await?);
        }
        Ok(Self(servers))
    }

    fn api(&self) -> &Server {
        &self.0[0]
    }

    async fn stop(self) -> anyhow::Result<()> {
        for server in self.0 {
            server.stop().await?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "intake and processing on {}, {} connections",
            self.database, self.connections
        )?;
        writeln!(f, "  intake alone       {:>9.0}/s", self.intake_alone_per_second)?;
        writeln!(f, "  processing alone   {:>9.0}/s", self.processing_alone_per_second)?;
        writeln!(
            f,
            "  both, to visible   {:>9.0}/s   {:.2} of the harmonic sum",
            self.visible_per_second, self.ratio
        )?;
        writeln!(f, "  answers meanwhile  {}", self.full_load)?;
        write!(f, "  at half of it, behind a backlog  {}", self.half_load)?;
        match self.peak_memory_mb {
            Some(memory) => write!(f, "\n  api memory         {memory:.0} MB at most"),
            None => Ok(()),
        }
    }
}
