//! The command line: an edge like HTTP. A file per subcommand; each calls one verb and shows what it answered.

mod answer;
mod bench;
mod channel;
mod demo;
mod doctor;
mod endpoint;
mod key;
mod migrate;
mod operator;
mod replay;
mod secret;
mod serve;
mod tenant;
mod version;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use answer::Answer;
use operator::Operator;

use crate::permissions;

/// A self-hosted backend for the WhatsApp Business Platform that loses nothing it has acknowledged.
///
/// Settings come from the environment; .env.example lists every variable.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version)]
pub struct Cli {
    /// Answer in JSON on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run api and worker in one process: the embedded production mode.
    Serve,
    /// Bring the database up to date, making it if it is not there.
    Migrate,
    /// Check configuration, keys, database, Redis, clock, disk and the running server.
    Doctor(doctor::Args),
    /// Process stored webhooks again.
    Replay(replay::Args),
    /// Tenants: the businesses on this installation.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Channels: WhatsApp business phone numbers.
    #[command(subcommand)]
    Channel(channel::Command),
    /// Endpoints: where tenants' programs hear of events.
    #[command(subcommand)]
    Endpoint(endpoint::Command),
    /// API keys, and the keys that secrets are sealed under.
    #[command(subcommand)]
    Key(key::Command),
    /// Run everything in one process, with simulated customers writing.
    Demo(demo::Args),
    /// Measure this machine: ratios against its own limit.
    Bench(bench::Args),
    /// Tell the version.
    Version,
}

/// The whole program. It owns the runtime, so that everything asynchronous is compiled once, here.
pub fn main() -> ExitCode {
    permissions::set_private_umask();
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing before this could install another");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(std::env::args_os())),
        Err(error) => {
            eprintln!("mainstay: no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command line given, and ends with 0, 1 where something failed, or 2 where the command itself was not understood.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error, args.iter().any(|arg| arg == "--json")),
    };
    let json = cli.json;
    let shown = match cli.command.run(json).await {
        Ok(answer) => answer.show(&mut io::stdout(), json),
        Err(error) => answer::show_error(&mut io::stdout(), &mut io::stderr(), json, &error),
    };
    // Nobody is left to be told when the pipe we write to is closed.
    shown.unwrap_or(ExitCode::FAILURE)
}

impl Command {
    async fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::Serve => serve::run().await,
            Command::Migrate => migrate::run().await,
            Command::Doctor(args) => doctor::run(args).await,
            Command::Demo(args) => demo::run(args, json).await,
            Command::Bench(args) => bench::run(args).await,
            Command::Version => version::run(),
            Command::Replay(args) => args.run(&Operator::open().await?).await,
            Command::Tenant(command) => command.run(&Operator::open().await?).await,
            Command::Channel(command) => command.run(&Operator::open().await?).await,
            Command::Endpoint(command) => command.run(&Operator::open().await?).await,
            Command::Key(command) => command.run(&Operator::open().await?).await,
        }
    }
}

/// Help and the version are asked for, and no error.
fn misunderstood(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let told = error.render().to_string();
        let first = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let _ = writeln!(io::stdout(), "{}", serde_json::json!({ "error": first }));
    } else {
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

#[cfg(test)]
mod tests;
