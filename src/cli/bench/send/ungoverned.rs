//! The rate of sending without limits that matter on either side.

use std::time::{Duration, Instant};

use super::{governed::wait, setup::SendBench};

const PATIENCE: Duration = Duration::from_secs(600);

/// Measures sends per second between the first and the last tenth, so that startup and shutdown do not count; and the worker's memory.
pub async fn measure(bench: &mut SendBench, messages: usize) -> anyhow::Result<(f64, f64)> {
    bench.unlimited().await?;
    let numbers = bench.channels.len();
    for channel in 0..numbers {
        bench.fill(channel, messages / numbers).await?;
    }
    let messages = messages / numbers * numbers;
    bench.begin().await?;
    let graph = bench.simulator.graph();
    let before = graph.accepted();
    let mark = |share: usize| before + messages * share / 10;
    wait(PATIENCE, "the first tenth is sent", || graph.accepted() >= mark(1)).await?;
    let (begin, first) = (Instant::now(), graph.accepted());
    wait(PATIENCE, "nine tenths are sent", || graph.accepted() >= mark(9)).await?;
    let rate = (graph.accepted() - first) as f64 / begin.elapsed().as_secs_f64();
    let memory = bench.memory_mb();
    bench.end().await?;
    Ok((rate, memory))
}
