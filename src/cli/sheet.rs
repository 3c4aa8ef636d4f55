//! Exports as files of the command line.

use std::{fs::File, io::Write, path::PathBuf};

use anyhow::Context;
use chrono_tz::Tz;
use clap::ValueEnum;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::TenantId,
    exports::{ExportFormat, ExportPages, ExportSubject, SheetStyle},
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

/// Where an export goes, and how it is written.
#[derive(Debug, clap::Args)]
pub(super) struct SheetArgs {
    /// The file to write; what is in it is replaced. Without it the rows go to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The time zone of times, such as Asia/Kolkata.
    #[arg(long, default_value = "UTC", value_parser = zone)]
    tz: Tz,
    /// Leave cells as they are that a spreadsheet program would take for formulas.
    #[arg(long)]
    no_escape: bool,
}

#[derive(Serialize)]
struct Exported {
    rows: i64,
    file: PathBuf,
}

impl SheetArgs {
    /// Writes an export of a tenant.
    pub async fn write(
        self,
        operator: &OperatorContext,
        tenant: TenantId,
        subject: ExportSubject,
    ) -> anyhow::Result<CommandOutput> {
        let style = SheetStyle {
            format: match self.format {
                Format::Csv => ExportFormat::Csv,
                Format::Ndjson => ExportFormat::Ndjson,
            },
            zone: self.tz,
            escape: !self.no_escape,
        };
        let what = subject.name();
        let (db, clock) = (&operator.registry.db, &operator.registry.clock);
        let pages = ExportPages::begin(db, clock, tenant, subject, style).await?;
        let Some(file) = self.output else {
            write(pages, std::io::stdout()).await?;
            return CommandOutput::with_text(&serde_json::Value::Null, String::new());
        };
        let opened = File::create(&file).with_context(|| format!("{} cannot be written", file.display()))?;
        let rows = write(pages, opened).await?;
        let text = format!("{rows} {what} in {}", file.display());
        CommandOutput::with_text(&Exported { rows, file }, text)
    }
}

fn zone(name: &str) -> Result<Tz, &'static str> {
    name.parse().map_err(|_| "write it like Europe/Berlin")
}

async fn write(mut pages: ExportPages, mut to: impl Write) -> anyhow::Result<i64> {
    while let Some(text) = pages.next().await? {
        to.write_all(&text)?;
    }
    to.flush()?;
    Ok(pages.rows)
}
