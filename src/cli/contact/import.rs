use std::{fmt, path::PathBuf};

use anyhow::Context;
use bytes::Bytes;
use futures::{Stream, stream};
use serde::Serialize;
use tokio::{fs::File, io::AsyncReadExt};

use super::{CommandOutput, OperatorContext};
use crate::{
    contacts::import::{self, ImportReport, ImportState, OptionTexts},
    domain::{Ctx, ImportId},
    tenancy,
};

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1_024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The CSV file.
    file: PathBuf,
    /// Name or id of the tenant.
    #[arg(long)]
    tenant: String,
    /// What a column gives, as COLUMN=TARGET; `ignore` leaves it out. More than once for several columns.
    #[arg(long, value_name = "COLUMN=TARGET", value_parser = pair)]
    map: Vec<(String, String)>,
    /// An option as in the API, as NAME=VALUE: default_country, encoding, delimiter, header, on_existing, on_bad_field, on_conflict, tags,
    /// lists, consent, events. More than once for several options.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// Check everything and write nothing.
    #[arg(long)]
    dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write it with = between name and value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Serialize)]
struct Queued {
    id: ImportId,
    rows: u64,
    ignored_columns: Vec<String>,
    state: ImportState,
    dry_run: bool,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let options = self.texts()?;
        let tenant = tenancy::find_tenant(&operator.registry, &self.tenant).await?;
        let file = File::open(&self.file).await;
        let file = file.with_context(|| format!("{} cannot be read", self.file.display()))?;
        let service = operator.imports()?;
        let ctx = Ctx::operator(tenant.id);
        let id = import::accept(&service, &ctx, options.read()?, pieces(file)).await?;
        let found = import::find(service.db.writer(), tenant.id, id).await?;
        CommandOutput::new(&Queued::of(found.context("the import is gone")?))
    }

    fn texts(&self) -> anyhow::Result<OptionTexts> {
        let mut texts = OptionTexts::default();
        for (name, value) in &self.options {
            anyhow::ensure!(texts.set(name, value.clone()), "there is no option {name}");
        }
        if let Some(name) = self.file.file_name() {
            texts.set("filename", name.to_string_lossy().into_owned());
        }
        if !self.map.is_empty() {
            let mapping: serde_json::Map<String, serde_json::Value> = self
                .map
                .iter()
                .map(|(column, target)| (column.clone(), target.as_str().into()))
                .collect();
            texts.set("mapping", serde_json::Value::Object(mapping).to_string());
        }
        if self.dry_run {
            texts.set("dry_run", "true".to_owned());
        }
        Ok(texts)
    }
}

fn pieces(file: File) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold(file, async |mut file| {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    })
}

impl Queued {
    fn of(report: ImportReport) -> Self {
        let spec = report.spec.as_ref();
        Self {
            id: report.id,
            rows: spec.map_or(0, |it| it.rows),
            ignored_columns: spec.map(|it| it.ignored.clone()).unwrap_or_default(),
            state: report.state,
            dry_run: spec.is_some_and(|it| it.policies.dry_run),
        }
    }
}

impl fmt::Display for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.dry_run { "trial" } else { "import" };
        write!(f, "{} {} rows: {what} queued", self.id, self.rows)?;
        match self.ignored_columns.as_slice() {
            [] => Ok(()),
            ignored => write!(f, "\n  these columns give nothing: {}", ignored.join(", ")),
        }
    }
}
