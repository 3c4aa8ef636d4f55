//! The demo: everything in one process, with simulated customers.
//!
//! 1. `secrets` stores the secrets generated on the first start.
//! 2. `setup` prepares database, tenant and channel.
//! 3. `run` runs the simulator against the served process and prints progress.
//! 4. `responder` answers the customers.
//! 5. `summary` compares the simulator's ledger with the database.

mod address;
mod output;
mod responder;
mod secrets;
mod setup;
mod simulation;
mod summary;

use std::{path::PathBuf, time::Duration};

use super::CommandOutput;
use crate::{
    process::{self, Roles},
    telemetry,
};
use output::DemoOutput;
use setup::DemoSetup;
use summary::Summary;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Webhooks per second.
    #[arg(long, default_value = "2", value_parser = rate)]
    rate: f64,
    /// Number of customers who write.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u16).range(1..))]
    customers: u16,
    /// Send duplicates, reorderings, batches, forgeries and garbage, and lose answers, as happens in production.
    #[arg(long)]
    rude: bool,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; a free one if it is in use.
    #[arg(long, default_value = "8080")]
    port: u16,
    /// Folder for the database and its generated secrets.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Stop after this many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    lasting: Option<Duration>,
    /// Log filter, e.g. `info`. By default Meta's reports about the account are left out, since the simulator sends many.
    #[arg(long, default_value = "warn,mainstay::inbound=error")]
    log: String,
}

/// Prepares the demo, starts the process, runs the simulation, and shuts the process down as SIGTERM would.
pub async fn run(args: Args, json: bool) -> anyhow::Result<CommandOutput> {
    let setup = DemoSetup::set(&args).await?;
    let _telemetry = telemetry::init(&setup.config.telemetry, "demo")?;
    let summary = run_process(&args, &setup, &mut DemoOutput::new(json)).await?;
    Ok(CommandOutput::new(&summary)?.failed_if(summary.lost() > 0))
}

async fn run_process(args: &Args, setup: &DemoSetup, output: &mut DemoOutput) -> anyhow::Result<Summary> {
    let running = process::start(setup.config.clone(), Roles::BOTH, setup.clock.clone()).await?;
    let summary = simulation::run(args, setup, output).await;
    running.stop().await;
    setup.db.close().await;
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
