//! Campaigns on five numbers at once, each with more messages than it may send, and replies amid them.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::ensure;
use mainstay_sim::{Customer, Shape};
use serde::Serialize;
use serde_json::json;

use super::{
    super::latency::{Latencies, Quantiles},
    setup::SendBench,
};

const RATES: [u64; 5] = [1_000, 80, 80, 80, 80];
/// Seconds before the measurement, so that startup does not count.
const MARGIN: u64 = 5;
/// Seconds' worth of messages beyond those of the measurement: a worker sends for a while before it is measured, and the backlog must
/// outlast the measurement.
const BEYOND: u64 = 30;
const REPLY_EVERY: Duration = Duration::from_secs(2);
/// Time limit of a reply.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Serialize)]
pub(crate) struct Governed {
    seconds: u64,
    /// Fractions of Meta's limit: of one number at 1,000 a second, and the lowest of four at 80.
    share_of_1000: f64,
    share_of_80: f64,
    /// Rejections by the simulator: throughput (130429) and pair limit (131056).
    refused_130429: u64,
    refused_131056: u64,
    /// Latency from the request to Meta's acceptance, amid a full campaign lane; milliseconds.
    reply: Quantiles,
}

pub async fn measure(bench: &mut SendBench, seconds: u64) -> anyhow::Result<Governed> {
    // The slow numbers first: the worker finds all of them at once.
    for (n, rate) in RATES.iter().enumerate().rev() {
        bench.fill(n, (rate * (seconds + BEYOND)) as usize).await?;
    }
    bench.begin().await?;
    let customers = customers(bench).await?;
    wait(Duration::from_secs(30), "the campaign runs", || {
        bench.accepted().iter().all(|&count| count > 0)
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(MARGIN)).await;
    let (before, begin) = (bench.accepted(), Instant::now());
    let duration = Duration::from_secs(seconds);
    let mut replies = Latencies::default();
    let mut turn = 0;
    while begin.elapsed() + REPLY_EVERY < duration {
        let next = begin + REPLY_EVERY * (turn + 1);
        tokio::time::sleep_until(next.into()).await;
        replies.add(reply(bench, &customers[turn as usize % customers.len()]).await?);
        turn += 1;
    }
    tokio::time::sleep_until((begin + duration).into()).await;
    let (after, elapsed) = (bench.accepted(), begin.elapsed().as_secs_f64());
    for (n, rate) in RATES.iter().enumerate() {
        ensure!(
            after[n] < rate * (seconds + BEYOND),
            "the messages of number {n} did not outlast the measurement"
        );
    }
    bench.end().await?;
    let share = |n: usize| (after[n] - before[n]) as f64 / elapsed / RATES[n] as f64;
    let graph = bench.simulator.graph();
    Ok(Governed {
        seconds,
        share_of_1000: share(0),
        share_of_80: (1..RATES.len()).map(share).fold(f64::INFINITY, f64::min),
        refused_130429: graph.refused(130_429),
        refused_131056: graph.refused(131_056),
        reply: replies.quantiles(),
    })
}

/// Returns customers with open service windows.
pub(crate) async fn customers(bench: &SendBench) -> anyhow::Result<Vec<Customer>> {
    const OPEN: &str = "SELECT COUNT(*) FROM conversations WHERE window_expires_at IS NOT NULL";
    let mut written = Vec::new();
    for (place, customer) in bench.simulator.customers().into_iter().enumerate() {
        if customer.hides_phone || written.len() == 20 {
            continue;
        }
        if let Some(webhook) = bench.simulator.write(place, Shape::Text, None) {
            bench.simulator.deliver(webhook).await;
            written.push(customer);
        }
    }
    let begin = Instant::now();
    loop {
        let (open,): (i64,) = bench.registry.db.reader().sql(OPEN, ()).one().await?;
        if open >= written.len() as i64 {
            return Ok(written);
        }
        ensure!(begin.elapsed() < PATIENCE, "the customers' messages are not processed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Measures how long a reply takes to be accepted by Meta.
pub(crate) async fn reply(bench: &SendBench, to: &Customer) -> anyhow::Result<Duration> {
    let graph = bench.simulator.graph();
    let before = graph.accepted_for(&to.wa_id);
    let begin = Instant::now();
    let message = json!({
        "channel_id": bench.channels[0].0, "to": { "phone": to.wa_id }, "type": "text", "text": { "body": "Certainly." },
    });
    bench.post("messages", &message).await?;
    wait(PATIENCE, "a reply leaves", || graph.accepted_for(&to.wa_id) > before).await?;
    Ok(begin.elapsed())
}

pub async fn wait(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !holds() {
        ensure!(begin.elapsed() < patience, "waited {patience:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

impl fmt::Display for Governed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  over {} s, of what is permitted: {:.1} % at 1,000/s, {:.1} % at 80/s (the least of four numbers)",
            self.seconds,
            self.share_of_1000 * 100.0,
            self.share_of_80 * 100.0
        )?;
        writeln!(
            f,
            "  refused by the simulator: {} for throughput, {} for pairs",
            self.refused_130429, self.refused_131056
        )?;
        write!(f, "  a reply amid the campaign {}", self.reply)
    }
}
