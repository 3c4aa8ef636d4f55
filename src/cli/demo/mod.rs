//! Everything in one process, with simulated customers writing: what a person sees first.
//!
//! `keepsake` holds the secrets made up on the first start, `stage` prepares database, tenant and channel, `show` runs the
//! simulator against the served process and tells what happens, `clerk` answers those who write, `summary` holds the simulator's ledger against the database.

mod address;
mod clerk;
mod keepsake;
mod screen;
mod show;
mod stage;
mod summary;

use std::{path::PathBuf, time::Duration};

use super::Answer;
use crate::{
    process::{self, Roles},
    telemetry,
};
use screen::Screen;
use stage::Stage;
use summary::Summary;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Webhooks per second.
    #[arg(long, default_value = "2", value_parser = rate)]
    rate: f64,
    /// How many people write.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u16).range(1..))]
    customers: u16,
    /// Duplicates, reordering, batches, forgeries, garbage and lost answers, as Meta and the world have them.
    #[arg(long)]
    rude: bool,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; a free one if it is taken.
    #[arg(long, default_value = "8080")]
    port: u16,
    /// Folder for the database and the secrets made up for it.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Stop after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    lasting: Option<Duration>,
    /// What is logged, e.g. `info`. What Meta reports of the account is left out unless asked for: the simulator reports much.
    #[arg(long, default_value = "warn,mainstay::inbound=error")]
    log: String,
}

/// Prepares the stage, starts the process, runs the show, and ends the process as SIGTERM would.
pub async fn run(args: Args, json: bool) -> anyhow::Result<Answer> {
    let stage = Stage::set(&args).await?;
    let _telemetry = telemetry::init(&stage.config.telemetry, "demo")?;
    let summary = play(&args, &stage, &mut Screen::new(json)).await?;
    Ok(Answer::new(&summary)?.failed_if(summary.lost() > 0))
}

async fn play(args: &Args, stage: &Stage, screen: &mut Screen) -> anyhow::Result<Summary> {
    let running = process::start(stage.config.clone(), Roles::BOTH, stage.clock.clone()).await?;
    let summary = show::show(args, stage, screen).await;
    running.stop().await;
    stage.db.close().await;
    summary
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0 && *rate <= 10_000.0);
    rate.ok_or_else(|| "use a number above 0, at most 10000".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "use a number of seconds".to_owned())
}

#[cfg(test)]
mod tests;
