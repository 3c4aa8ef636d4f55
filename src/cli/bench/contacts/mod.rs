//! Contacts: a million rows in and out.

mod import;
mod sheet;

use super::super::CommandOutput;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Rows per second of an import and of an export, with the worker's memory, compared with bare inserts on the same machine.
    Import(import::Options),
}

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    match args.part {
        Part::Import(options) => CommandOutput::new(&import::run(&options).await?),
    }
}
