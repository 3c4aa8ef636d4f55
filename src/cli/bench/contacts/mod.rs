//! Contacts: a million of them.

mod fill;
mod segments;

use super::super::CommandOutput;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Segments counted and listed, and the same with a tenth of the contacts.
    Segments(segments::Options),
}

pub async fn run(args: Args) -> anyhow::Result<CommandOutput> {
    match args.part {
        Part::Segments(options) => CommandOutput::new(&segments::run(&options).await?),
    }
}
