//! Benchmarks: ratios against this machine's own limit, measured in one run. Each starts the server as a process of its own and loads it
//! from this one, on a database that holds nothing else.

mod both;
mod campaign;
mod child;
mod contacts;
mod deliver;
mod intake;
mod latency;
mod load;
mod numbers;
mod prefill;
mod process;
mod send;
mod server;
mod webhook;

use std::{path::PathBuf, time::Duration};

use super::CommandOutput;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Durable acknowledgements per second, compared with the same server without storage.
    Intake(Options),
    /// From stored webhooks to visible conversations.
    Process(Options),
    /// From webhooks to visible messages while both halves work, compared with each alone.
    Both(Options),
    /// The rates a rate limiter permits compared with Meta's limits; the rate without one; the latency of send requests.
    Send(send::Options),
    /// A campaign to a million people: the freeze, the rate, pauses, and what a message costs.
    Campaign(campaign::Options),
    /// Deliveries to fifty endpoints: the rate, the rate while one hangs, and the latency.
    Deliver(deliver::Options),
    /// A million contacts: imports, exports, segments counted and listed.
    Contacts(contacts::Args),
    /// The server under test; the benchmarks start it.
    #[command(hide = true)]
    Serve(server::Args),
}

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
struct Options {
    /// Connections of the load.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Webhooks to process.
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Number of customers who send them.
    #[arg(long, default_value_t = 20_000)]
    customers: usize,
    /// Conversations that exist beforehand, with five messages each.
    #[arg(long, default_value_t = 0)]
    prefill: i64,
    /// Folder of the SQLite file during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

impl Options {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    match args.what {
        What::Intake(options) => CommandOutput::new(&intake::run(&options).await?),
        What::Process(options) => CommandOutput::new(&process::run(&options).await?),
        What::Both(options) => CommandOutput::new(&both::run(&options).await?),
        What::Send(options) => CommandOutput::new(&send::run(&options).await?),
        What::Campaign(options) => CommandOutput::new(&campaign::run(&options).await?),
        What::Deliver(options) => CommandOutput::new(&deliver::run(&options).await?),
        What::Contacts(args) => contacts::run(args).await,
        What::Serve(args) => server::run(args).await,
    }
}
