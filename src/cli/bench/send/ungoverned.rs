//! As fast as it goes: numbers without limits worth the name, on either side.

use std::time::{Duration, Instant};

use super::{governed::wait, scene::Scene};

const PATIENCE: Duration = Duration::from_secs(600);

/// Sends per second between the first and the last tenth, so that starting and stopping do not count; and the worker's memory.
pub async fn measure(scene: &mut Scene, messages: usize) -> anyhow::Result<(f64, f64)> {
    scene.unlimited().await?;
    let numbers = scene.channels.len();
    for channel in 0..numbers {
        scene.fill(channel, messages / numbers).await?;
    }
    let messages = messages / numbers * numbers;
    scene.begin().await?;
    let graph = scene.simulator.graph();
    let before = graph.accepted();
    let mark = |share: usize| before + messages * share / 10;
    wait(PATIENCE, "the first tenth is sent", || graph.accepted() >= mark(1)).await?;
    let (begin, first) = (Instant::now(), graph.accepted());
    wait(PATIENCE, "nine tenths are sent", || graph.accepted() >= mark(9)).await?;
    let rate = (graph.accepted() - first) as f64 / begin.elapsed().as_secs_f64();
    let memory = scene.memory_mb();
    scene.end().await?;
    Ok((rate, memory))
}
