//! Campaigns, against the simulator: one to everybody at the rate that Meta permits, with replies and pauses; then without limits, to few and
//! to everybody, compared with single sends on the same machine.

mod governed;
mod people;
mod ungoverned;
mod watch;

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::DateTime;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    send::{SendBench, drained, wait},
    server,
};
use governed::GovernedCampaign;
use people::{ALL, FEW};
use ungoverned::Ungoverned;

const PATIENCE: Duration = Duration::from_secs(120);

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// People to write to.
    #[arg(long, default_value_t = 100_000)]
    recipients: usize,
    /// People of the small campaign, which the cost of a message is compared with.
    #[arg(long, default_value_t = 10_000)]
    few: usize,
    /// Seconds of the measurement at 1,000 messages a second.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
    /// Pauses.
    #[arg(long, default_value_t = 10)]
    pauses: usize,
    /// Report no statuses for the messages.
    #[arg(long)]
    no_statuses: bool,
    /// Folder of the SQLite file during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// The measurements.
#[derive(Debug, Serialize)]
pub struct Report {
    database: &'static str,
    statuses: bool,
    governed: GovernedCampaign,
    few: Ungoverned,
    all: Ungoverned,
    /// Single sends without limits, per second.
    single_per_second: f64,
    /// Rate of the large campaign over that of single sends.
    of_single: f64,
    /// Processor time of a message of the large campaign over that of the small one.
    cost_ratio: f64,
    hot_updates: Option<f64>,
    redis_peak_mb: Option<f64>,
}

pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let needed = governed::RATE as usize * (options.seconds as usize + governed::BESIDE * (options.pauses + 2));
    ensure!(
        options.recipients >= needed,
        "--recipients: at least {needed}, or the campaign ends before it is measured"
    );
    let mut bench = SendBench::start(&options.data, !options.no_statuses).await?;
    people::insert(&bench, options.recipients as i64, options.few as i64).await?;
    bench.begin().await?;
    fetch_templates(&bench).await?;
    let governed = governed::measure(&mut bench, options).await?;
    bench.end().await?;
    bench.unlimited().await?;
    bench.begin().await?;
    bench.wait_until_drained().await?;
    let few = ungoverned::measure(&bench, FEW, options.few).await?;
    let all = ungoverned::measure(&bench, ALL, options.recipients).await?;
    bench.end().await?;
    let (single_per_second, _) = drained(&mut bench, options.few.max(20_000)).await?;
    Ok(Report {
        database: server::size(bench.is_postgres),
        statuses: !options.no_statuses,
        governed,
        of_single: all.sends_per_second / single_per_second,
        cost_ratio: all.cpu_us / few.cpu_us,
        few,
        all,
        single_per_second,
        hot_updates: bench.hot_updates().await?,
        redis_peak_mb: redis_peak_mb().await,
    })
}

/// Fetches the templates of the account, which campaigns need.
async fn fetch_templates(bench: &SendBench) -> anyhow::Result<()> {
    bench.post("templates/sync", &json!({})).await?;
    let begin = Instant::now();
    loop {
        let found = bench.get("templates?name=order_shipped").await?;
        if found["data"][0]["status"] == "APPROVED" {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "the templates are not fetched: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A campaign that has been launched.
struct Launched {
    id: String,
    /// How long it took from the request until the first message was accepted.
    first: Duration,
}

/// Creates a campaign to everybody with a tag, launches it, and waits for its first message.
async fn launch(bench: &SendBench, tag: &str) -> anyhow::Result<Launched> {
    let draft = json!({
        "name": "Benchmark", "audience": { "tag": tag }, "channels": [bench.channels[0].0], "failure_threshold": 100,
        "template": { "name": "order_shipped", "language": "en_US" },
        "variables": { "body.1": { "field": "name" }, "body.2": { "value": "4711" } },
    });
    let created = bench.post("campaigns", &draft).await?;
    let id = created["id"].as_str().context("the campaign has no id")?.to_owned();
    let graph = bench.simulator.graph();
    let (before, begin) = (graph.accepted(), Instant::now());
    bench.post(&format!("campaigns/{id}/launch"), &json!({})).await?;
    wait(PATIENCE, "a campaign begins", || graph.accepted() > before).await?;
    Ok(Launched {
        id,
        first: begin.elapsed(),
    })
}

impl Launched {
    /// Waits until the campaign has ended as said, and returns it.
    async fn until(&self, bench: &SendBench, status: &str) -> anyhow::Result<Value> {
        loop {
            let found = bench.get(&format!("campaigns/{}", self.id)).await?;
            let is_over = found["finished_at"].is_string() || found["status"] == "paused";
            if is_over {
                ensure!(found["status"] == status, "the campaign is not {status}: {found}");
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Returns how many recipients of a campaign were frozen per second; it waits until all are.
async fn frozen_per_second(bench: &SendBench, id: &str, recipients: usize) -> anyhow::Result<f64> {
    let begin = Instant::now();
    loop {
        let found = bench.get(&format!("campaigns/{id}")).await?;
        let at = |member: &str| DateTime::parse_from_rfc3339(found[member].as_str().unwrap_or_default());
        if let (Ok(started), Ok(frozen)) = (at("started_at"), at("frozen_at")) {
            return Ok(recipients as f64 / (frozen - started).as_seconds_f64());
        }
        ensure!(begin.elapsed() < PATIENCE, "the audience is not frozen: {found}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Returns the most memory that Redis has used, in megabytes.
async fn redis_peak_mb() -> Option<f64> {
    let url = server::config().ok()?.redis?.url;
    let client = redis::Client::open(url.expose()).ok()?;
    let mut connection = client.get_multiplexed_async_connection().await.ok()?;
    let info: String = redis::cmd("INFO")
        .arg("memory")
        .query_async(&mut connection)
        .await
        .ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory_peak:"))?;
    Some(line.trim().parse::<f64>().ok()? / 1_048_576.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses = if self.statuses { "with" } else { "without" };
        writeln!(f, "campaigns on {}, {statuses} statuses", self.database)?;
        writeln!(f, "{}", self.governed)?;
        writeln!(f, "{}", self.few)?;
        writeln!(f, "{}", self.all)?;
        write!(
            f,
            "  single sends {:.0}/s; the campaign is at {:.2} of that, and a message costs {:.2} of one of the small campaign",
            self.single_per_second, self.of_single, self.cost_ratio
        )?;
        if let Some(share) = self.hot_updates {
            write!(f, "\n  updates of messages: {:.0} % touch no index", share * 100.0)?;
        }
        match self.redis_peak_mb {
            Some(memory) => write!(f, "\n  Redis: {memory:.0} MB at most"),
            None => Ok(()),
        }
    }
}
