//! `mainstay contact`.

mod export;
mod import;
mod merge;

use clap::Subcommand;

use super::{CommandOutput, OperatorContext};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import contacts from a CSV file. The server imports it in the background.
    Import(import::Args),
    /// Export contacts as CSV or JSON lines.
    Export(export::Args),
    /// Merge two contacts that are one person.
    Merge(merge::Args),
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        match self {
            Command::Import(args) => args.run(operator).await,
            Command::Export(args) => args.run(operator).await,
            Command::Merge(args) => args.run(operator).await,
        }
    }
}
