//! Segments over many contacts: the time of a count, of a first page, and of the slowest window; and how they grow.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::fill::BenchContacts;
use crate::{
    cli::bench::{child::database_url, server},
    contacts::{
        ContactService,
        segments::{language::parse, read_catalogue, select},
        store::segments::Scan,
    },
    queue::Queues,
    records::{channels, tenants},
};

/// Contacts of a first page.
const PAGE: usize = 50;

/// The filters, and what they look at.
const FILTERS: [(&str, &str); 4] = [
    (
        "tags and columns",
        r#"tag = "t0" and not tag = "t5" and country = "DE""#,
    ),
    ("several tags", r#"tag in ("t3", "t8", "t12") and name starts "ana""#),
    (
        "custom fields",
        r#"fields.f0 = "3" and fields.f1 >= 5 and fields.f9 < 50"#,
    ),
    ("last message", "last_inbound > -30d and window is closed"),
];

/// The database is SQLite in a folder of the benchmark's own, or what DATABASE_URL names, which must hold no tenant.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Contacts in all; a tenth of them is measured first.
    #[arg(long, default_value_t = 1_000_000)]
    contacts: i64,
    /// Folder of the SQLite file during the benchmark.
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

/// The measurements of all filters.
#[derive(Debug, Serialize)]
pub(super) struct SegmentsReport {
    database: &'static str,
    contacts: i64,
    filters: Vec<FilterReport>,
}

/// The measurements of one filter, in milliseconds.
#[derive(Debug, Serialize)]
struct FilterReport {
    name: &'static str,
    filter: &'static str,
    selected: i64,
    count_ms: f64,
    first_page_ms: f64,
    /// Both statements of the slowest window.
    slowest_window_ms: f64,
    /// The time of a count over that with a tenth of the contacts.
    growth: f64,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<SegmentsReport> {
    let mut config = server::config()?;
    config.database_url = database_url(&config.database_url, &options.data)?;
    let registry = server::prepare(&config).await?;
    let tenant = tenants::all(registry.db.writer()).await?.remove(0).id;
    let channel = channels::of_tenant(registry.db.writer(), tenant).await?.remove(0).id;
    let service = ContactService {
        db: registry.db.clone(),
        clock: registry.clock.clone(),
        queues: Queues::in_memory(registry.clock.clone()),
    };
    let filled = BenchContacts::begin(&service, tenant, channel).await?;
    let tenth = options.contacts / 10;
    filled.insert(0, tenth).await?;
    let mut before = Vec::new();
    for (_, filter) in FILTERS {
        before.push(measure(&filled, filter).await?);
    }
    filled.insert(tenth, options.contacts).await?;
    let mut filters = Vec::new();
    for ((name, filter), before) in FILTERS.into_iter().zip(before) {
        let measured = measure(&filled, filter).await?;
        filters.push(FilterReport {
            name,
            filter,
            selected: measured.selected,
            count_ms: ms(measured.count),
            first_page_ms: ms(measured.first_page),
            slowest_window_ms: ms(measured.slowest),
            growth: ms(measured.count) / ms(before.count),
        });
    }
    Ok(SegmentsReport {
        database: server::size(config.is_postgres()),
        contacts: options.contacts,
        filters,
    })
}

/// What a filter took.
struct Measured {
    selected: i64,
    count: Duration,
    first_page: Duration,
    slowest: Duration,
}

/// Counts by a filter twice, of which the second time counts, and reads a first page.
async fn measure(filled: &BenchContacts, filter: &str) -> anyhow::Result<Measured> {
    let mut tx = filled.db.begin_read_as(filled.tenant).await?;
    let catalogue = read_catalogue(&mut tx, filled.tenant).await?;
    tx.commit().await?;
    let filter = parse(filter, &catalogue, None)?;
    let mut measured = None;
    for _ in 0..2 {
        let (mut selected, mut before, mut slowest) = (0, None, Duration::ZERO);
        let begun = Instant::now();
        loop {
            let window = Instant::now();
            let mut tx = filled.db.begin_read_as(filled.tenant).await?;
            let mut scan = Scan::begin(&mut tx, filled.tenant, &filter, before, filled.now).await?;
            selected += scan.count(&mut tx).await?;
            tx.commit().await?;
            slowest = slowest.max(window.elapsed());
            before = scan.rest();
            if before.is_none() {
                break;
            }
        }
        measured = Some((selected, begun.elapsed(), slowest));
    }
    let begun = Instant::now();
    let mut tx = filled.db.begin_read_as(filled.tenant).await?;
    select(&mut tx, filled.tenant, &filter, None, PAGE, filled.now).await?;
    tx.commit().await?;
    let first_page = begun.elapsed();
    let (selected, count, slowest) = measured.unwrap_or_default();
    Ok(Measured {
        selected,
        count,
        first_page,
        slowest,
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

impl fmt::Display for SegmentsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segments of {} contacts on {}", self.contacts, self.database)?;
        for it in &self.filters {
            write!(
                f,
                "\n  {:<17} {:>8} selected   counted in {:>6.0} ms ({:.1} times a tenth)   first page {:>4.0} ms   slowest window {:>4.0} ms   {}",
                it.name, it.selected, it.count_ms, it.growth, it.first_page_ms, it.slowest_window_ms, it.filter
            )?;
        }
        Ok(())
    }
}
