//! The load generator, which does as little work per request as possible, since it runs on the machine it measures.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
};

use super::latency::Latencies;

/// The bytes of request number `n`.
pub type Request = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// The parameters of a load.
#[derive(Clone)]
pub(crate) struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    pub request: Request,
    /// The expected status of every answer.
    pub status: u16,
    pub duration: Duration,
    /// Requests per second over all connections; `None` is as fast as answers come.
    pub rate: Option<f64>,
}

/// The result of a load.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub latencies: Latencies,
    pub elapsed: Duration,
}

impl Loaded {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The counter that numbers webhooks; no number repeats within a run.
pub(crate) type Numbers = Arc<AtomicU64>;

/// Runs the load on a thread of its own, until it is over.
pub async fn run(load: Load, numbers: Numbers) -> anyhow::Result<Loaded> {
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, all(load, numbers))
    })
    .await?
}

async fn all(load: Load, numbers: Numbers) -> anyhow::Result<Loaded> {
    let begin = Instant::now();
    let connections: Vec<_> = (0..load.connections)
        .map(|number| tokio::task::spawn_local(connection(load.clone(), number, begin, numbers.clone())))
        .collect();
    let mut latencies = Latencies::default();
    for connection in connections {
        latencies.join(connection.await??);
    }
    Ok(Loaded {
        latencies,
        elapsed: begin.elapsed(),
    })
}

async fn connection(load: Load, number: usize, begin: Instant, numbers: Numbers) -> anyhow::Result<Latencies> {
    let mut stream = TcpStream::connect(load.address)
        .await
        .context("the server does not take connections")?;
    stream.set_nodelay(true)?;
    let success = format!("HTTP/1.1 {} ", load.status);
    let gap = load
        .rate
        .map(|rate| Duration::from_secs_f64(load.connections as f64 / rate));
    let mut next = begin
        + gap.map_or(Duration::ZERO, |gap| {
            gap.mul_f64(number as f64 / load.connections as f64)
        });
    let mut latencies = Latencies::default();
    let mut answer = [0; 1_024];
    while begin.elapsed() < load.duration {
        if let Some(gap) = gap {
            tokio::time::sleep_until(next.into()).await;
            next += gap;
        }
        let bytes = (load.request)(numbers.fetch_add(1, Ordering::Relaxed));
        let sent = Instant::now();
        stream.write_all(&bytes).await?;
        let length = stream.read(&mut answer).await?;
        latencies.add(sent.elapsed());
        ensure!(
            answer[..length].starts_with(success.as_bytes()),
            "{}",
            String::from_utf8_lossy(&answer[..length])
        );
    }
    Ok(latencies)
}
