//! The command line. One file per subcommand; each calls one function of a service and prints its result.

mod api_client;
#[cfg(feature = "simulator")]
mod bench;
mod campaign;
mod channel;
mod contact;
#[cfg(feature = "simulator")]
mod demo;
mod doctor;
mod endpoint;
mod key;
mod listen;
mod live_output;
mod message;
mod migrate;
mod operator;
mod output;
mod queue;
mod replay;
mod scheduler;
mod secret;
mod segment;
mod send;
mod serve;
mod sheet;
#[cfg(feature = "simulator")]
mod simulate;
#[cfg(feature = "simulator")]
mod simulated_meta;
mod tenant;
mod verification;
mod version;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use live_output::LiveOutput;
use operator::OperatorContext;
use output::CommandOutput;

use crate::permissions;

/// A self-hosted backend for the WhatsApp Business Platform that loses nothing it has acknowledged.
///
/// Settings come from the environment; .env.example lists every variable.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version)]
pub(crate) struct Cli {
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
    /// Migrate the database, creating it if it does not exist.
    Migrate,
    /// Check configuration, keys, database, Redis, clock, disk, what waits or fails, every channel at Meta, and the running server.
    ///
    /// Exits with 0 if all is well, with 3 if there are warnings, and with 1 if something fails.
    Doctor(doctor::Args),
    /// Process stored webhooks again.
    Replay(replay::Args),
    /// Send a message.
    Send(send::Args),
    /// Tenants: the businesses on this installation.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Channels: WhatsApp business phone numbers.
    #[command(subcommand)]
    Channel(channel::Command),
    /// Endpoints: where tenants' programs receive events.
    #[command(subcommand)]
    Endpoint(endpoint::Command),
    /// Contacts: import and export.
    #[command(subcommand)]
    Contact(contact::Command),
    /// Messages: where one stands, and why.
    #[command(subcommand)]
    Message(message::Command),
    /// Segments: contacts selected by a filter.
    #[command(subcommand)]
    Segment(segment::Command),
    /// Campaigns: see, launch, pause, resume, cancel, report, export.
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// Verifications: which numbers can be reached, as far as that is known.
    #[command(subcommand)]
    Verification(verification::Command),
    /// Queues: see, pause, retry, discard.
    #[command(subcommand)]
    Queue(queue::Command),
    /// Scheduler: what recurs at planned times; see, run, pause.
    #[command(subcommand)]
    Scheduler(scheduler::Command),
    /// API keys, and the keys that secrets are encrypted under.
    #[command(subcommand)]
    Key(key::Command),
    /// Pass events on to a program that the server cannot reach, such as one under development.
    Listen(listen::Args),
    /// Run everything in one process, with simulated customers writing.
    #[cfg(feature = "simulator")]
    Demo(demo::Args),
    /// Simulate Meta for a server of one's own.
    #[cfg(feature = "simulator")]
    Simulate(simulate::Args),
    /// Measure this machine: ratios against its own limit.
    #[cfg(feature = "simulator")]
    Bench(bench::Args),
    /// Print the version.
    Version,
}

/// Runs the whole program. It owns the runtime, so that everything asynchronous is compiled once, here.
pub fn main() -> ExitCode {
    permissions::set_private_umask();
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing before this could install another");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(std::env::args_os())),
        Err(error) => {
            eprintln!("mainstay: the runtime does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command line, and exits with 0, with 1 if something failed, with 2 if the command line is invalid, or with 3 if `doctor` warns.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error, args.iter().any(|arg| arg == "--json")),
    };
    let json = cli.json;
    let shown = match cli.command.run(json).await {
        Ok(answer) => answer.show(&mut io::stdout(), json),
        Err(error) => output::show_error(&mut io::stdout(), &mut io::stderr(), json, &error),
    };
    // The pipe that the output goes to is closed: nobody reads an error either.
    shown.unwrap_or(ExitCode::FAILURE)
}

impl Command {
    async fn run(self, json: bool) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Serve => serve::run().await,
            Command::Migrate => migrate::run().await,
            Command::Doctor(args) => doctor::run(args).await,
            Command::Listen(args) => listen::run(args, json).await,
            #[cfg(feature = "simulator")]
            Command::Demo(args) => demo::run(args, json).await,
            #[cfg(feature = "simulator")]
            Command::Simulate(args) => simulate::run(args, json).await,
            #[cfg(feature = "simulator")]
            Command::Bench(args) => bench::run(args).await,
            Command::Version => version::run(),
            Command::Replay(args) => args.run(&OperatorContext::open().await?).await,
            Command::Send(args) => args.run(&OperatorContext::open().await?).await,
            Command::Tenant(command) => command.run(&OperatorContext::open().await?).await,
            Command::Channel(command) => command.run(&OperatorContext::open().await?).await,
            Command::Endpoint(command) => command.run(&OperatorContext::open().await?).await,
            Command::Contact(command) => command.run(&OperatorContext::open().await?).await,
            Command::Message(command) => command.run(&OperatorContext::open().await?).await,
            Command::Segment(command) => command.run(&OperatorContext::open().await?).await,
            Command::Campaign(command) => command.run(&OperatorContext::open().await?).await,
            Command::Verification(command) => command.run(&OperatorContext::open().await?).await,
            Command::Queue(command) => command.run(&OperatorContext::open().await?).await,
            Command::Scheduler(command) => command.run(&OperatorContext::open().await?).await,
            Command::Key(command @ key::Command::Adopt) => {
                command.run(&OperatorContext::open_with_any_key().await?).await
            }
            Command::Key(command) => command.run(&OperatorContext::open().await?).await,
        }
    }
}

/// Prints an error of the command line, or the help or version that was asked for.
fn usage_error(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let message = error.render().to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let _ = writeln!(io::stdout(), "{}", serde_json::json!({ "error": first }));
    } else {
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

#[cfg(test)]
mod tests;
