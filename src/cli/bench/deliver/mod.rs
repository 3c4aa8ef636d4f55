//! Deliveries to fifty endpoints of one tenant that all subscribe to every event: the rate under load, the rate while one endpoint hangs,
//! and the latency on an idle system. The receivers and the producer of events are threads of this process; on PostgreSQL the worker is a
//! process of its own.

mod receiver;
mod setup;

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    latency::{Latencies, Quantiles},
    server,
};
use setup::DeliveryBench;

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Endpoints, each of which gets every event.
    #[arg(long, default_value_t = 50)]
    endpoints: usize,
    /// Seconds of each measurement of throughput.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Events whose latency is measured on an idle system.
    #[arg(long, default_value_t = 300)]
    samples: usize,
    /// Events made in one transaction.
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// Folder of the SQLite file during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// The measurements.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    endpoints: usize,
    /// Latency from the commit of an event to the first byte of its request, in milliseconds, idle.
    first_byte: Quantiles,
    per_second: f64,
    /// Rate to the other endpoints while one hangs.
    per_second_one_hanging: f64,
    /// `per_second_one_hanging` as a fraction of the other endpoints' share.
    share_one_hanging: f64,
    worker_memory_mb: Option<f64>,
}

/// Maximum deliveries in progress: enough that the worker always has work, without a notable backlog.
const OUTSTANDING: usize = 10_000;
/// Time before a measurement starts.
const WARM_UP: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let bench = DeliveryBench::start(options).await?;
    let first_byte = idle(&bench, options).await?;
    let per_second = throughput(&bench, options, 0).await?;
    bench.receivers.hang(0);
    let per_second_one_hanging = throughput(&bench, options, 1).await?;
    let others = (options.endpoints - 1) as f64 / options.endpoints as f64;
    let report = Report {
        database: server::size(bench.is_postgres()),
        endpoints: options.endpoints,
        first_byte,
        per_second,
        per_second_one_hanging,
        share_one_hanging: per_second_one_hanging / (per_second * others),
        worker_memory_mb: bench.memory_mb(),
    };
    bench.end().await?;
    Ok(report)
}

/// Measures one event at a time, at random intervals.
async fn idle(bench: &DeliveryBench, options: &Options) -> anyhow::Result<Quantiles> {
    let mut latencies = Latencies::default();
    for _ in 0..options.samples {
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..250))).await;
        let id = bench.commit_timed().await?;
        let committed = Instant::now();
        let arrival = bench.receivers.arrival(&id, PATIENCE).await?;
        latencies.add(arrival.saturating_duration_since(committed));
    }
    Ok(latencies.quantiles())
}

/// Measures deliveries a second to all endpoints but the first `from`, while events are produced as fast as they are delivered.
async fn throughput(bench: &DeliveryBench, options: &Options, from: usize) -> anyhow::Result<f64> {
    let receiving = options.endpoints - from;
    let start = bench.receivers.taken(from);
    let mut made = 0;
    let begun = Instant::now();
    let (mut marked, mut since) = (0, begun);
    while begun.elapsed() < WARM_UP + Duration::from_secs(options.seconds) {
        let taken = bench.receivers.taken(from) - start;
        if marked == 0 && begun.elapsed() >= WARM_UP {
            (marked, since) = (taken, Instant::now());
        }
        if made * receiving > taken + OUTSTANDING {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        bench.commit_events(options.batch).await?;
        made += options.batch;
    }
    let rate = (bench.receivers.taken(from) - start - marked) as f64 / since.elapsed().as_secs_f64();
    super::send::wait(PATIENCE, "what was made is delivered", || {
        bench.receivers.taken(from) - start >= made * receiving
    })
    .await?;
    Ok(rate)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deliveries to {} endpoints on {}", self.endpoints, self.database)?;
        writeln!(f, "  from commit to first byte, idle   {}", self.first_byte)?;
        writeln!(f, "  sustained                         {:>7.0}/s", self.per_second)?;
        write!(
            f,
            "  while one endpoint hangs          {:>7.0}/s to the others, {:.0} % of their share",
            self.per_second_one_hanging,
            self.share_one_hanging * 100.0
        )?;
        if let Some(memory) = self.worker_memory_mb {
            write!(f, "\n  memory: worker {memory:.0} MB at most")?;
        }
        Ok(())
    }
}
