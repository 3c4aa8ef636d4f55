//! Import: rows per second from an uploaded file to contacts.

use std::{
    cell::RefCell,
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use futures::{
    StreamExt,
    future::{self, Either},
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        child::{Server, database_url},
        latency::{Latencies, Quantiles},
        server,
    },
    sheet,
};
use crate::{
    clock::Clock,
    db::{Db, Rows, Tx},
    domain::{Ctx, Scopes},
    records::tenants,
    tenancy,
};

/// Rows of the bare inserts.
const BARE_ROWS: usize = 200_000;
/// How long the calls of others are measured while nothing is imported.
const IDLE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL and REDIS_URL name, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Folder of the SQLite file and of stored files during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// The measurements, in rows per second and milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    database: &'static str,
    rows: usize,
    upload_seconds: f64,
    rows_per_second: f64,
    /// The same file once more: nothing changes.
    unchanged_per_second: f64,
    /// Rows of five small columns, inserted in chunks of the same size.
    bare_per_second: f64,
    ratio: f64,
    exported_per_second: f64,
    idle: Quantiles,
    meanwhile: Quantiles,
    worker_memory_mb: Option<f64>,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut config = server::config()?;
    config.database_url = database_url(&config.database_url, &options.data)?;
    let registry = server::prepare(&config).await?;
    let tenant = tenants::all(registry.db.writer()).await?.remove(0).id;
    let key = tenancy::create_api_key(&registry, &Ctx::operator(tenant), "bench", &Scopes::all()).await?;
    let is_postgres = config.is_postgres();
    let bare_per_second = bare(&registry.db, &registry.clock, if is_postgres { 2_000 } else { 500 }).await?;
    let media = options.data.join("files").display().to_string();
    let environment = [
        ("DATABASE_URL", config.database_url.as_str()),
        ("MAINSTAY_STORAGE", media.as_str()),
    ];
    let flags: &[&str] = if is_postgres {
        &["--api"]
    } else {
        &["--api", "--worker"]
    };
    let api = Server::start_in(&environment, flags).await?;
    let worker = match is_postgres {
        true => Some(Server::start_in(&environment, &["--worker"]).await?),
        false => None,
    };
    let address = api.address.context("the api does not listen")?;
    let client = Client {
        http: reqwest::Client::builder().no_proxy().build()?,
        base: format!("http://{address}/api/v1"),
        key: key.token.expose().to_owned(),
    };
    for (field, kind) in [("city", "text"), ("age", "number"), ("member", "boolean")] {
        let field = json!({ "key": field, "type": kind, "label": field });
        client
            .post("/contact-fields")
            .json(&field)
            .send()
            .await?
            .error_for_status()?;
    }
    let idle = client.others(tokio::time::sleep(IDLE)).await?.0;
    let begun = Instant::now();
    let first = client.upload(options.rows).await?;
    let upload_seconds = begun.elapsed().as_secs_f64();
    let (meanwhile, rows_per_second) = client.others(client.until_done(&first)).await?;
    let again = client.upload(options.rows).await?;
    let unchanged_per_second = client.until_done(&again).await?;
    let exported_per_second = client.exported().await?;
    let worker_memory_mb = worker.as_ref().unwrap_or(&api).peak_memory_mb();
    for server in worker.into_iter().chain([api]) {
        server.stop().await?;
    }
    let rows_per_second = rows_per_second?;
    Ok(Report {
        database: server::size(is_postgres),
        rows: options.rows,
        upload_seconds,
        rows_per_second,
        unchanged_per_second,
        bare_per_second,
        ratio: rows_per_second / bare_per_second,
        exported_per_second,
        idle,
        meanwhile,
        worker_memory_mb,
    })
}

/// Inserts rows as plainly as can be, in transactions of `chunk` rows, and returns how many a second.
async fn bare(db: &Db, clock: &Clock, chunk: usize) -> anyhow::Result<f64> {
    const CREATE: &str = "
        CREATE TABLE bench_rows (tenant_id UUID NOT NULL, id UUID NOT NULL, name TEXT, number TEXT NOT NULL, at TIMESTAMPTZ NOT NULL,
            PRIMARY KEY (tenant_id, id))";
    const INSERT: &str = "
        WITH r (tenant_id, id, name, number, at) AS ({rows})
        INSERT INTO bench_rows (tenant_id, id, name, number, at) SELECT tenant_id, id, name, number, at FROM r";
    db.sql("DROP TABLE IF EXISTS bench_rows", ()).run().await?;
    db.sql(CREATE, ()).run().await?;
    let begun = Instant::now();
    for from in (0..BARE_ROWS).step_by(chunk) {
        let row = |n: usize| {
            let (now, name) = (clock.now(), format!("Customer Number {n}"));
            (
                Uuid::nil(),
                crate::clock::uuid_at(now),
                name,
                format!("9198765{n:05}"),
                now,
            )
        };
        let rows: Vec<(Uuid, Uuid, String, String, DateTime<Utc>)> = (from..from + chunk).map(row).collect();
        db.transaction(async |tx: &mut Tx| Rows::new(INSERT, rows).run(tx.on()).await)
            .await?;
    }
    let per_second = BARE_ROWS as f64 / begun.elapsed().as_secs_f64();
    db.sql("DROP TABLE bench_rows", ()).run().await?;
    Ok(per_second)
}

/// Calls the server under test.
struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Uploads the file, and returns the id of its import.
    async fn upload(&self, rows: usize) -> anyhow::Result<String> {
        let body = reqwest::Body::wrap_stream(sheet::pieces(rows));
        let request = self.post("/contacts/imports").header("content-type", "text/csv");
        let answer: Value = request.body(body).send().await?.error_for_status()?.json().await?;
        Ok(answer["id"].as_str().context("the import has no id")?.to_owned())
    }

    /// Waits until an import has ended, and returns its rows per second from its beginning.
    async fn until_done(&self, id: &str) -> anyhow::Result<f64> {
        let begun = Instant::now();
        loop {
            let import: Value = self
                .get(&format!("/contacts/imports/{id}"))
                .send()
                .await?
                .json()
                .await?;
            let rows = import["rows"].as_f64().unwrap_or_default();
            match import["state"].as_str() {
                Some("completed") => {
                    ensure!(import["failed"] == 0, "rows failed: {import}");
                    return Ok(rows / begun.elapsed().as_secs_f64());
                }
                Some("waiting" | "running") => {}
                _ => anyhow::bail!("the import ended: {import}"),
            }
            ensure!(begun.elapsed() < PATIENCE, "the import does not end: {import}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes calls as others do, one after the other, while `work` goes on, and returns their durations.
    async fn others<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<(Quantiles, T)> {
        let latencies = RefCell::new(Latencies::default());
        let calls = async {
            for n in 0_u64.. {
                let begun = Instant::now();
                let answer = if n % 2 == 0 {
                    self.get("/contacts?limit=20").send().await?
                } else {
                    let contact = json!({ "given_name": format!("Somebody {n}") });
                    let path = format!("{}/contacts/by/external_id/other-{}", self.base, n % 100);
                    self.http.put(path).bearer_auth(&self.key).json(&contact).send().await?
                };
                answer.error_for_status()?.bytes().await?;
                latencies.borrow_mut().add(begun.elapsed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<(), anyhow::Error>(())
        };
        let work = std::pin::pin!(work);
        let calls = Box::pin(calls);
        match future::select(work, calls).await {
            Either::Left((worked, _)) => Ok((latencies.take().quantiles(), worked)),
            Either::Right((called, _)) => {
                called?;
                anyhow::bail!("the calls of others ended")
            }
        }
    }

    /// Exports all contacts to a file, and returns the rows per second.
    async fn exported(&self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let asked = self.get("/contacts/export?async=true").send().await?;
        let export: Value = asked.error_for_status()?.json().await?;
        let path = format!("/exports/{}", export["id"].as_str().context("the export has no id")?);
        loop {
            let export: Value = self.get(&path).send().await?.json().await?;
            if export["state"] == "ready" {
                let rows = export["rows"].as_f64().unwrap_or_default();
                let rate = rows / begun.elapsed().as_secs_f64();
                let url = export["url"].as_str().context("the export has no link")?;
                let host = self.base.trim_end_matches("/api/v1");
                let mut file = self.http.get(format!("{host}{url}")).send().await?.bytes_stream();
                while let Some(piece) = file.next().await {
                    piece?;
                }
                return Ok(rate);
            }
            ensure!(begun.elapsed() < PATIENCE, "the export does not end: {export}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "import of {} contacts on {}", self.rows, self.database)?;
        writeln!(f, "  upload             {:>9.1} s", self.upload_seconds)?;
        writeln!(
            f,
            "  imported           {:>9.0}/s   {:.2} of bare inserts ({:.0}/s)",
            self.rows_per_second, self.ratio, self.bare_per_second
        )?;
        writeln!(
            f,
            "  once more          {:>9.0}/s   nothing changes",
            self.unchanged_per_second
        )?;
        writeln!(f, "  exported           {:>9.0}/s", self.exported_per_second)?;
        writeln!(f, "  other calls, idle  {}", self.idle)?;
        write!(f, "  other calls, then  {}", self.meanwhile)?;
        match self.worker_memory_mb {
            Some(memory) => write!(f, "\n  worker memory      {memory:.0} MB at most"),
            None => Ok(()),
        }
    }
}
