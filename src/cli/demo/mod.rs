//! The demo: everything in one process, with simulated customers.
//!
//! 1. `secrets` stores the secrets generated on the first start.
//! 2. `setup` prepares database, tenant and channel, `contacts` a few hundred contacts.
//! 3. `simulation` runs the simulator against the served process and prints progress; `campaign` launches a small campaign beside it.
//! 4. `welcome` is what is printed first.
//! 5. `summary` compares the simulator's ledger with the database.

mod campaign;
mod contacts;
mod secrets;
mod setup;
mod simulation;
mod summary;
mod welcome;

use std::path::PathBuf;

use super::{CommandOutput, LiveOutput, listen::ForwardOptions, simulated_meta::CustomerArgs};
use crate::{
    process::{self, Roles},
    telemetry,
};
use setup::DemoSetup;
use summary::Summary;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    customers: CustomerArgs,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; a free one if it is in use.
    #[arg(long, default_value = "8080")]
    port: u16,
    /// Folder for the database and its generated secrets.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Log filter, e.g. `info`. By default Meta's reports about the account are left out, since the simulator sends many.
    #[arg(long, default_value = "warn,mainstay::inbound=error")]
    log: String,
    /// Pass events on to a program at this address, as `mainstay listen` does, and leave it to that program to answer the customers.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    #[command(flatten)]
    forwarding: ForwardOptions,
}

/// Prepares the demo, starts the process, runs the simulation, and shuts the process down as SIGTERM would.
pub async fn run(args: Args, json: bool) -> anyhow::Result<CommandOutput> {
    let setup = DemoSetup::set(&args).await?;
    let _telemetry = telemetry::init(&setup.config.telemetry, "demo")?;
    let summary = run_process(&args, &setup, &LiveOutput::new(json)).await?;
    Ok(CommandOutput::new(&summary)?.failed_if(summary.lost() > 0))
}

async fn run_process(args: &Args, setup: &DemoSetup, output: &LiveOutput) -> anyhow::Result<Summary> {
    let running = process::start(setup.config.clone(), Roles::BOTH, setup.clock.clone()).await?;
    let summary = simulation::run(args, setup, output).await;
    running.stop().await;
    setup.db.close().await;
    summary
}

#[cfg(test)]
mod tests;
