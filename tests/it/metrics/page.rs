//! `docs/metrics.md` is written from the descriptions.

use std::{env, fmt::Write, fs};

use mainstay::telemetry::METRICS;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");

const HEAD: &str = "\
# Metrics

What `/metrics` shows, in the text format of Prometheus. Alert rules and a dashboard over them are in [`deploy`](../deploy), and
[operations](operations.md#watching) says how they are installed.

This page is written from the descriptions in `src/telemetry/metrics`, and a test compares it with them. After a change there,
`INSTA_UPDATE=always dev/servers run cargo test -p mainstay --test it metrics::page` writes it anew.

- Labels come from closed sets. Counters without labels begin at 0; others appear with their first increment.
- `_seconds` and `_size` of the type histogram have `_bucket`, `_sum` and `_count`.
- What is counted in the database (`mainstay_queue_*`, `mainstay_sends_held`, backlogs, endpoints) is the same in every process: take `max`, not `sum`.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for group in METRICS {
        write!(
            page,
            "\n## {}\n\n| metric | type | labels | what |\n|---|---|---|---|\n",
            group.title
        )
        .unwrap();
        for metric in group.metrics {
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() {
                "–".to_owned()
            } else {
                labels.join(", ")
            };
            writeln!(
                page,
                "| `{}` | {} | {labels} | {} |",
                metric.name,
                metric.kind.as_str(),
                metric.help
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_metrics_is_what_the_descriptions_say() {
    let page = page();
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(PATH, &page).unwrap();
    }
    let stored = fs::read_to_string(PATH).unwrap_or_default();
    let wrong = page.lines().zip(stored.lines()).find(|(is, was)| is != was);
    assert!(
        page == stored,
        "docs/metrics.md is out of date (its head says how it is written anew): {wrong:?}"
    );
}
