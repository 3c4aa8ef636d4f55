use std::{fmt, fs::File, io::Write, path::PathBuf};

use anyhow::Context;
use chrono_tz::Tz;
use clap::ValueEnum;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    contacts::export::{ExportFormat, ExportPages, ExportSubject, SheetStyle},
    tenancy,
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// The file to write; what is in it is replaced. Without it the rows go to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The time zone of times, such as Asia/Kolkata.
    #[arg(long, default_value = "UTC", value_parser = zone)]
    tz: Tz,
    /// Export the archived contacts instead of those in use.
    #[arg(long)]
    archived: bool,
    /// Export those whom a filter selects, such as `tag = "vip"`.
    #[arg(long, conflicts_with = "archived")]
    filter: Option<String>,
    /// Leave cells as they are that a spreadsheet program would take for formulas.
    #[arg(long)]
    no_escape: bool,
}

#[derive(Serialize)]
struct Exported {
    rows: i64,
    file: Option<PathBuf>,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        let style = SheetStyle {
            format: match self.format {
                Format::Csv => ExportFormat::Csv,
                Format::Ndjson => ExportFormat::Ndjson,
            },
            zone: self.tz,
            escape: !self.no_escape,
        };
        let subject = ExportSubject::Contacts {
            archived: self.archived,
            filter: self.filter,
        };
        let (db, clock) = (&operator.registry.db, &operator.registry.clock);
        let pages = ExportPages::begin(db, clock, tenant.id, subject, style).await?;
        let Some(path) = self.output else {
            write(pages, std::io::stdout()).await?;
            return CommandOutput::with_text(&serde_json::Value::Null, String::new());
        };
        let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        let rows = write(pages, file).await?;
        CommandOutput::new(&Exported { rows, file: Some(path) })
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

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} contacts", self.rows)?;
        match &self.file {
            Some(file) => write!(f, " in {}", file.display()),
            None => Ok(()),
        }
    }
}
