//! Campaigns without limits that matter on either side: the rate, and the processor time of a message.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    super::send::{SendBench, wait},
    frozen_per_second, launch,
};

const PATIENCE: Duration = Duration::from_secs(3_600);

/// A whole campaign.
#[derive(Debug, Serialize)]
pub(super) struct Ungoverned {
    recipients: usize,
    /// Recipients frozen per second, while messages are made as fast as they can be.
    pub frozen_per_second: f64,
    /// From the tenth to the ninth tenth of its messages.
    pub sends_per_second: f64,
    /// Processor time of the process that sends, per message, in microseconds; with the freeze.
    pub cpu_us: f64,
}

pub(super) async fn measure(bench: &SendBench, tag: &str, recipients: usize) -> anyhow::Result<Ungoverned> {
    let graph = bench.simulator.graph();
    let (before, cpu) = (graph.accepted(), bench.cpu_seconds());
    let launched = launch(bench, tag).await?;
    let mark = |share: usize| before + recipients * share / 10;
    wait(PATIENCE, "the first tenth is sent", || graph.accepted() >= mark(1)).await?;
    let (begin, first) = (Instant::now(), graph.accepted());
    wait(PATIENCE, "nine tenths are sent", || graph.accepted() >= mark(9)).await?;
    let sends_per_second = (graph.accepted() - first) as f64 / begin.elapsed().as_secs_f64();
    launched.until(bench, "completed").await?;
    let cpu_us = (bench.cpu_seconds() - cpu) * 1e6 / recipients as f64;
    Ok(Ungoverned {
        recipients,
        frozen_per_second: frozen_per_second(bench, &launched.id, recipients).await?,
        sends_per_second,
        cpu_us,
    })
}

impl fmt::Display for Ungoverned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:>9} recipients: frozen {:.0}/s, sent {:.0}/s, {:.0} µs of processor each",
            self.recipients, self.frozen_per_second, self.sends_per_second, self.cpu_us
        )
    }
}
