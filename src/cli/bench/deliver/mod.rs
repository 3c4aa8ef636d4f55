//! Deliveries to fifty endpoints of one tenant, all of which want every event: how many a second while events keep coming, the same while
//! one endpoint hangs, and how soon an event is at its receiver when there is nothing else to do. The receivers and whoever makes events
//! are threads of this process; on PostgreSQL the worker is a process of its own.

mod receiver;
mod scene;

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
use scene::Scene;

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Endpoints, each of which gets every event.
    #[arg(long, default_value_t = 50)]
    endpoints: usize,
    /// Seconds of each measurement of throughput.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Events whose way is timed while nothing else is to be done.
    #[arg(long, default_value_t = 300)]
    samples: usize,
    /// Events made in one transaction.
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// Where the SQLite file goes while it lasts.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    endpoints: usize,
    /// From the commit of an event to the first byte of its request, in milliseconds, idle.
    first_byte: Quantiles,
    per_second: f64,
    /// To the others, while one hangs.
    per_second_one_hanging: f64,
    /// What that is of the share of so many endpoints.
    share_one_hanging: f64,
    worker_memory_mb: Option<f64>,
}

/// Deliveries on their way at a time: enough that nobody waits for the next event, and no backlog to speak of.
const OUTSTANDING: usize = 10_000;
/// What is let pass before a measurement begins.
const WARM_UP: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let scene = Scene::set(options).await?;
    let first_byte = idle(&scene, options).await?;
    let per_second = throughput(&scene, options, 0).await?;
    scene.receivers.hang(0);
    let per_second_one_hanging = throughput(&scene, options, 1).await?;
    let others = (options.endpoints - 1) as f64 / options.endpoints as f64;
    let report = Report {
        database: server::size(scene.is_postgres()),
        endpoints: options.endpoints,
        first_byte,
        per_second,
        per_second_one_hanging,
        share_one_hanging: per_second_one_hanging / (per_second * others),
        worker_memory_mb: scene.memory_mb(),
    };
    scene.end().await?;
    Ok(report)
}

/// One event at a time, at odd moments.
async fn idle(scene: &Scene, options: &Options) -> anyhow::Result<Quantiles> {
    let mut latencies = Latencies::default();
    for _ in 0..options.samples {
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..250))).await;
        let id = scene.tell_one().await?;
        let committed = Instant::now();
        let came = scene.receivers.came(&id, PATIENCE).await?;
        latencies.add(came.saturating_duration_since(committed));
    }
    Ok(latencies.quantiles())
}

/// Deliveries a second to all endpoints but the first few, while events are made as fast as they are delivered.
async fn throughput(scene: &Scene, options: &Options, from: usize) -> anyhow::Result<f64> {
    let receiving = options.endpoints - from;
    let start = scene.receivers.taken(from);
    let mut made = 0;
    let begun = Instant::now();
    let (mut marked, mut since) = (0, begun);
    while begun.elapsed() < WARM_UP + Duration::from_secs(options.seconds) {
        let taken = scene.receivers.taken(from) - start;
        if marked == 0 && begun.elapsed() >= WARM_UP {
            (marked, since) = (taken, Instant::now());
        }
        if made * receiving > taken + OUTSTANDING {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        scene.tell(options.batch).await?;
        made += options.batch;
    }
    let rate = (scene.receivers.taken(from) - start - marked) as f64 / since.elapsed().as_secs_f64();
    super::send::wait(PATIENCE, "what was made is delivered", || {
        scene.receivers.taken(from) - start >= made * receiving
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
