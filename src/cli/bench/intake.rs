//! Intake: durable acknowledgements per second.

use std::{fmt, time::Duration};

use anyhow::Context;
use serde::Serialize;

use super::{
    Options,
    child::{Server, database_url},
    latency::Quantiles,
    load::{self, Load, Loaded, Numbers},
    prefill, server, webhook,
};

/// The measurements, in requests per second and milliseconds.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    connections: usize,
    verify_only_per_second: f64,
    durable_per_second: f64,
    /// Durable over verify only: the fraction of the machine's own limit.
    ratio: f64,
    full_load: Quantiles,
    half_rate: Quantiles,
    one_at_a_time: Quantiles,
    peak_memory_mb: f64,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut config = server::config()?;
    config.database_url = database_url(&config.database_url, &options.data)?;
    let registry = server::prepare(&config).await?;
    prefill::run(&registry, options.prefill).await?;
    registry.db.close().await;
    let numbers = Numbers::default();
    let url = &config.database_url;

    let verifying = Server::start(url, &["--api", "--verify-only"]).await?;
    measure(
        &verifying,
        options,
        options.connections,
        None,
        Duration::from_secs(2),
        &numbers,
    )
    .await?;
    let verify_only = measure(
        &verifying,
        options,
        options.connections,
        None,
        options.duration(),
        &numbers,
    )
    .await?;
    verifying.stop().await?;

    let storing = Server::start(url, &["--api"]).await?;
    measure(
        &storing,
        options,
        options.connections,
        None,
        Duration::from_secs(2),
        &numbers,
    )
    .await?;
    let durable = measure(
        &storing,
        options,
        options.connections,
        None,
        options.duration(),
        &numbers,
    )
    .await?;
    let half = Some(durable.per_second() / 2.0);
    let half_rate = measure(
        &storing,
        options,
        options.connections,
        half,
        options.duration(),
        &numbers,
    )
    .await?;
    let single = measure(&storing, options, 1, None, options.duration() / 2, &numbers).await?;
    let peak_memory_mb = storing.peak_memory_mb().context("the server's memory cannot be read")?;
    storing.stop().await?;
    Ok(Report {
        database: server::size(config.is_postgres()),
        connections: options.connections,
        verify_only_per_second: verify_only.per_second(),
        durable_per_second: durable.per_second(),
        ratio: durable.per_second() / verify_only.per_second(),
        full_load: durable.latencies.quantiles(),
        half_rate: half_rate.latencies.quantiles(),
        one_at_a_time: single.latencies.quantiles(),
        peak_memory_mb,
    })
}

pub async fn measure(
    server: &Server,
    options: &Options,
    connections: usize,
    rate: Option<f64>,
    duration: Duration,
    numbers: &Numbers,
) -> anyhow::Result<Loaded> {
    let address = server.address.context("the server does not listen")?;
    let load = Load {
        address,
        connections,
        request: webhook::load(options.customers),
        status: 200,
        duration,
        rate,
    };
    load::run(load, numbers.clone()).await
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "intake on {}, {} connections", self.database, self.connections)?;
        writeln!(f, "  verify only      {:>9.0}/s", self.verify_only_per_second)?;
        writeln!(
            f,
            "  durable          {:>9.0}/s   ratio {:.2}",
            self.durable_per_second, self.ratio
        )?;
        writeln!(f, "  at that rate     {}", self.full_load)?;
        writeln!(f, "  at half of it    {}", self.half_rate)?;
        writeln!(f, "  one at a time    {}", self.one_at_a_time)?;
        write!(f, "  api memory       {:.0} MB at most", self.peak_memory_mb)
    }
}
