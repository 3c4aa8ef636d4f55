//! Contacts: a million of them in, selected, and out.

mod fill;
mod import;
mod segments;
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
    /// Segments counted and listed, and the same with a tenth of the contacts.
    Segments(segments::Options),
}

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    match args.part {
        Part::Import(options) => CommandOutput::new(&import::run(&options).await?),
        Part::Segments(options) => CommandOutput::new(&segments::run(&options).await?),
    }
}
