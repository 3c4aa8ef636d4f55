//! A campaign on a number with 1,000 messages a second, with replies amid it, pauses, and a cancel at the end.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use mainstay_sim::{Item, Shape};
use serde::Serialize;
use serde_json::json;

use super::{
    super::{
        latency::{Latencies, Quantiles},
        send::{SendBench, customers, reply, wait},
    },
    Options, frozen_per_second, launch,
    people::ALL,
    watch::{Seen, watch},
};
use crate::records::tally;

pub(super) const RATE: f64 = 1_000.0;
/// Seconds of sending at most for each pause, and beside the measurement.
pub(super) const BESIDE: usize = 4;
/// Seconds before the measurement, so that the start does not count.
const MARGIN: Duration = Duration::from_secs(5);
const REPLY_EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);
/// How long after a pause calls are watched for.
const QUIET: Duration = Duration::from_millis(1_500);

#[derive(Debug, Serialize)]
pub(super) struct GovernedCampaign {
    /// From the request to launch until the simulator has accepted the first message, in milliseconds.
    launch_to_first_ms: f64,
    /// Recipients frozen per second, while messages are made at the rate that they are sent at.
    frozen_per_second: f64,
    /// Fraction of the 1,000 messages a second that the number may send.
    share_of_1000: f64,
    refused_130429: u64,
    /// `GET /campaigns/{id}` beside it, in milliseconds.
    read: Quantiles,
    /// From a reply's request until it is accepted, in milliseconds: on an idle system, and amid the campaign.
    reply_idle: Quantiles,
    reply: Quantiles,
    /// From the answer to a customer's webhook until the message is in its conversation, amid the campaign; milliseconds.
    inbound: Quantiles,
    /// Messages that waited to be sent, at most.
    waiting: i64,
    /// From the answer to a pause until the last call, and from the request to resume until the first, in milliseconds.
    pauses: usize,
    pause: Quantiles,
    resume: Quantiles,
    /// The request to cancel, in milliseconds, with this many recipients left.
    cancel_ms: f64,
    left: i64,
    worker_memory_mb: f64,
}

pub(super) async fn measure(bench: &mut SendBench, options: &Options) -> anyhow::Result<GovernedCampaign> {
    let customers = customers(bench).await?;
    let mut reply_idle = Latencies::default();
    for customer in customers.iter().take(10) {
        reply_idle.add(reply(bench, customer).await?);
    }
    let launched = launch(bench, ALL).await?;
    let bench = &*bench;
    let graph = bench.simulator.graph();
    let (mut seen, mut replies, mut inbound, mut turn) =
        (Seen::default(), Latencies::default(), Latencies::default(), 0);
    let duration = Duration::from_secs(options.seconds);
    let measured = async {
        tokio::time::sleep(MARGIN).await;
        let (before, begin) = (graph.accepted(), Instant::now());
        while begin.elapsed() + REPLY_EVERY < duration {
            tokio::time::sleep_until((begin + REPLY_EVERY * (turn + 1)).into()).await;
            let place = turn as usize % customers.len();
            replies.add(reply(bench, &customers[place]).await?);
            inbound.add(visible(bench, place).await?);
            turn += 1;
        }
        tokio::time::sleep_until((begin + duration).into()).await;
        Ok::<_, anyhow::Error>((graph.accepted() - before) as f64 / begin.elapsed().as_secs_f64())
    };
    let rate = tokio::select! {
        rate = measured => rate?,
        failed = watch(bench, &launched.id, &mut seen) => return Err(failed.err().unwrap_or_else(|| anyhow::anyhow!("nobody watched"))),
    };
    let (mut pauses, mut resumes) = (Latencies::default(), Latencies::default());
    for _ in 0..options.pauses {
        let (paused, resumed) = pause(bench, &launched.id).await?;
        pauses.add(paused);
        resumes.add(resumed);
    }
    let frozen_per_second = frozen_per_second(bench, &launched.id, options.recipients).await?;
    let left = bench.get(&format!("campaigns/{}", launched.id)).await?["progress"]["pending"]
        .as_i64()
        .unwrap_or_default();
    let begin = Instant::now();
    bench
        .post(&format!("campaigns/{}/cancel", launched.id), &json!({}))
        .await?;
    let cancel_ms = begin.elapsed().as_secs_f64() * 1_000.0;
    launched.until(bench, "canceled").await?;
    Ok(GovernedCampaign {
        launch_to_first_ms: launched.first.as_secs_f64() * 1_000.0,
        frozen_per_second,
        share_of_1000: rate / RATE,
        refused_130429: graph.refused(130_429),
        read: seen.reads.quantiles(),
        reply_idle: reply_idle.quantiles(),
        reply: replies.quantiles(),
        inbound: inbound.quantiles(),
        waiting: seen.waiting,
        pauses: options.pauses,
        pause: pauses.quantiles(),
        resume: resumes.quantiles(),
        cancel_ms,
        left,
        worker_memory_mb: bench.memory_mb(),
    })
}

/// Lets a customer write: how long after the answer to the webhook the message is in its conversation.
async fn visible(bench: &SendBench, place: usize) -> anyhow::Result<Duration> {
    let webhook = bench
        .simulator
        .write(place, Shape::Text, None)
        .context("the customer does not write")?;
    let message = webhook.items.iter().find_map(|item| match item {
        Item::Message(message) => Some(message.wamid.clone()),
        _ => None,
    });
    let wamid = message.context("the webhook has no message")?;
    bench.simulator.deliver(webhook).await;
    let (answered, channel) = (Instant::now(), bench.channels[0].0);
    loop {
        let db = bench.registry.db.reader();
        if !tally::known_messages(db, bench.tenant, channel, &[wamid.as_str()])
            .await?
            .is_empty()
        {
            return Ok(answered.elapsed());
        }
        ensure!(answered.elapsed() < PATIENCE, "a customer's message is not processed");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Pauses and resumes a campaign: how long after the answer the last call came, and after the request to resume the first.
async fn pause(bench: &SendBench, id: &str) -> anyhow::Result<(Duration, Duration)> {
    let graph = bench.simulator.graph();
    bench.post(&format!("campaigns/{id}/pause"), &json!({})).await?;
    let answered = Instant::now();
    let (mut accepted, mut last) = (graph.accepted(), Duration::ZERO);
    while answered.elapsed() < QUIET {
        if graph.accepted() > accepted {
            (accepted, last) = (graph.accepted(), answered.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let begin = Instant::now();
    bench.post(&format!("campaigns/{id}/resume"), &json!({})).await?;
    wait(PATIENCE, "a resumed campaign goes on", || graph.accepted() > accepted).await?;
    let first = begin.elapsed();
    tokio::time::sleep(QUIET).await;
    Ok((last, first))
}

impl fmt::Display for GovernedCampaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  launch to first message   {:.0} ms", self.launch_to_first_ms)?;
        writeln!(f, "  frozen                    {:.0}/s", self.frozen_per_second)?;
        writeln!(
            f,
            "  of 1,000/s                {:.1} %, {} refused, {} waiting at most",
            self.share_of_1000 * 100.0,
            self.refused_130429,
            self.waiting
        )?;
        writeln!(f, "  GET of the campaign       {}", self.read)?;
        writeln!(f, "  a reply on an idle system {}", self.reply_idle)?;
        writeln!(f, "  a reply amid it           {}", self.reply)?;
        writeln!(f, "  a customer's message amid it {}", self.inbound)?;
        writeln!(f, "  {} pauses: last call      {}", self.pauses, self.pause)?;
        writeln!(f, "  resumed: first call       {}", self.resume)?;
        writeln!(f, "  cancel, {} left      {:.0} ms", self.left, self.cancel_ms)?;
        write!(f, "  worker memory             {:.0} MB", self.worker_memory_mb)
    }
}
