//! Benchmarks: ratios against this machine's own limit, measured in one run. Each starts the server as a process of its own and loads
//! it from this one, on a database that holds nothing else.

mod both;
mod child;
mod deliver;
mod intake;
mod latency;
mod load;
mod prefill;
mod process;
mod send;
mod server;
mod webhook;

use std::{path::PathBuf, time::Duration};

use super::Answer;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Durable acknowledgements per second, against the same server with storing switched off.
    Intake(Options),
    /// Stored webhooks to visible conversations.
    Process(Options),
    /// Webhooks until their messages are visible, while both halves work: against what each can do alone.
    Both(Options),
    /// What a governor lets pass of what Meta permits; how fast sends are without one; how soon a request to send is answered.
    Send(send::Options),
    /// Events to fifty endpoints: how many a second, how many while one hangs, how soon.
    Deliver(deliver::Options),
    /// The server under test; the benchmarks start it.
    #[command(hide = true)]
    Serve(server::Args),
}

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
struct Options {
    /// Connections the load comes through.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Webhooks to process.
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Customers who write them.
    #[arg(long, default_value_t = 20_000)]
    customers: usize,
    /// Conversations that exist already, with five messages each.
    #[arg(long, default_value_t = 0)]
    prefill: i64,
    /// Where the SQLite file goes while it lasts.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

impl Options {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

pub async fn run(args: Args) -> anyhow::Result<Answer> {
    match args.what {
        What::Intake(options) => Answer::new(&intake::run(&options).await?),
        What::Process(options) => Answer::new(&process::run(&options).await?),
        What::Both(options) => Answer::new(&both::run(&options).await?),
        What::Send(options) => Answer::new(&send::run(&options).await?),
        What::Deliver(options) => Answer::new(&deliver::run(&options).await?),
        What::Serve(args) => server::run(args).await,
    }
}
