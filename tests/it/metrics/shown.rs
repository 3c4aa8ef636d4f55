//! What `/metrics` shows.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::{both_databases, both_sizes};

use super::described;
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::TestApp,
        http::Client,
        wait::wait_until,
        webhook::{ANA, T0, text},
    },
};

/// A line with a value: name, labels, value.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Sample {
    /// Reads a line. No label of ours has a comma, a quote or a bracket in its value.
    fn parse(line: &str) -> Self {
        let (head, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = head.trim_end_matches('}').split_once('{').unwrap_or((head, ""));
        let pairs = labels.split("\",").filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (label, value) = pair.split_once("=\"").expect("a label");
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        };
        Self {
            name: name.to_owned(),
            labels: pairs.map(pair).collect(),
            value: value.parse().expect("a number"),
        }
    }
}

fn samples(shown: &str) -> Vec<Sample> {
    let lines = shown.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(Sample::parse).collect()
}

/// The value of a metric with this label.
fn value(shown: &str, name: &str, label: (&str, &str)) -> f64 {
    let all = samples(shown);
    let mut fitting = all
        .iter()
        .filter(|it| it.name == name && it.labels.get(label.0).is_some_and(|is| is == label.1));
    fitting.next().map_or(0.0, |it| it.value)
}

#[both_databases]
async fn every_metric_shown_has_its_words_its_type_and_its_labels(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hello")).await;
    let client = Client::of(&test.app);
    client.get("/health/live").await.ok();
    let shown = client.get("/metrics").await.ok().text();
    let described = described();
    let comment = |word: &str, name: &str| {
        let begins = format!("# {word} {name} ");
        let found: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix(&begins)).collect();
        assert!(found.len() <= 1, "{name} has {} times {word}", found.len());
        found.first().copied().unwrap_or_default().to_owned()
    };
    let mut seen = BTreeSet::new();
    for sample in samples(&shown) {
        let ends = ["_bucket", "_sum", "_count"];
        let base = ends
            .iter()
            .find_map(|end| sample.name.strip_suffix(end).filter(|it| described.contains_key(it)));
        let name = base.unwrap_or(&sample.name);
        // Unit tests of the library have metrics of their own, in other processes.
        let metric = described.get(name).unwrap_or_else(|| panic!("{name} is not described"));
        let labels: BTreeSet<&str> = sample
            .labels
            .keys()
            .map(String::as_str)
            .filter(|it| *it != "le")
            .collect();
        assert_eq!(labels, metric.labels.iter().copied().collect(), "labels of {name}");
        if seen.insert(name.to_owned()) {
            assert_eq!(comment("TYPE", name), metric.kind.as_str(), "type of {name}");
            assert_eq!(comment("HELP", name), metric.help, "words of {name}");
        }
    }
    for name in [
        "mainstay_build_info",
        "mainstay_channel_breakers_open",
        "mainstay_disk_free_bytes",
        "mainstay_provider_unreachable",
        "mainstay_deliveries_dead_total",
        "process_cpu_seconds_total",
    ] {
        assert!(seen.contains(name), "{name} is missing in\n{shown}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(value(&shown, "mainstay_build_info", ("version", version)), 1.0);
}

/// Other tests of this process count too: figures only grow.
#[both_sizes]
async fn messages_are_counted_by_status_and_failures_by_code(world: World) {
    let client = Client::of(&world.running.app);
    let shown = async || client.get("/metrics").await.ok().text();
    let before = shown().await;
    let ana = world.customer(0).await;
    let id = world.send(world.text(&ana.wa_id, "counted")).await;
    world.until(&id, "read").await;
    world.fault(FaultRule::new(Fault::error(131_026)).times(1));
    let id = world.send(world.text(&ana.wa_id, "refused")).await;
    world.until(&id, "failed").await;
    world.fault(FaultRule::new(Fault::error(987_654)).times(1));
    let id = world.send(world.text(&ana.wa_id, "what is that?")).await;
    world.until(&id, "failed").await;
    let after = shown().await;
    for status in ["accepted", "sent", "delivered", "read", "failed"] {
        let name = "mainstay_messages_total";
        let label = ("status", status);
        assert!(
            value(&after, name, label) > value(&before, name, label),
            "{status}: {after}"
        );
    }
    for code in ["131026", "other"] {
        let name = "mainstay_message_failures_total";
        let label = ("code", code);
        assert!(
            value(&after, name, label) > value(&before, name, label),
            "{code}: {after}"
        );
    }
    assert!(
        !after.contains("987654"),
        "a label is never what the other side makes up"
    );
    wait_until(DEADLINE, "workers have counted what waits", async || {
        let shown = shown().await;
        [
            "mainstay_delivery_backlog ",
            "mainstay_endpoints_failing ",
            "mainstay_endpoint_breakers_open ",
        ]
        .iter()
        .all(|name| shown.lines().any(|line| line.starts_with(name)))
    })
    .await;
    world.end().await;
}
