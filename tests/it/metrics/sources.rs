//! The metrics that the code sets are those that are described.

use std::collections::{BTreeMap, BTreeSet};

use super::described;
use crate::architecture::sources;

/// Texts that look like a metric and are none: the role of PostgreSQL, and names of tests.
const OTHERS: &[&str] = &["mainstay_tenant", "mainstay_probe", "mainstay_test_errors_total"];

/// A place where a metric is set: its macro and the names of the labels there; `None` where they are in a variable.
struct Use {
    kind: String,
    labels: Option<BTreeSet<String>>,
}

/// The arguments of a macro: up to the bracket that closes the one before `text`.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

fn uses(text: &str) -> Vec<(String, Use)> {
    let mut found = Vec::new();
    for kind in ["counter", "gauge", "histogram"] {
        for (at, _) in text.match_indices(&format!("{kind}!(")) {
            let arguments = arguments(&text[at + kind.len() + 2..]).trim();
            let Some((name, rest)) = arguments.strip_prefix('"').and_then(|it| it.split_once('"')) else {
                continue;
            };
            let ends = rest
                .match_indices(" =>")
                .map(|(end, _)| rest[..end].trim_end_matches('"'));
            let labels = ends.filter_map(|it| Some(it.rsplit_once('"')?.1.to_owned())).collect();
            let labels = (!rest.contains('&')).then_some(labels);
            found.push((
                name.to_owned(),
                Use {
                    kind: kind.to_owned(),
                    labels,
                },
            ));
        }
    }
    found
}

/// Whatever stands in quotes and looks like the name of a metric.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('"').skip(1);
    quoted.filter(|it| {
        let prefixed = it.starts_with("mainstay_") || it.starts_with("process_");
        prefixed
            && it
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

#[test]
fn every_metric_is_described_once_and_every_description_has_its_metric() {
    let described = described();
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let place = path.display().to_string();
        if place.starts_with("telemetry/metrics") || place.contains("tests") {
            continue;
        }
        for name in names(&text).filter(|name| !OTHERS.contains(name)) {
            named.insert(name.to_owned(), place.clone());
        }
        for (name, used) in uses(&text) {
            let Some(metric) = described.get(name.as_str()) else {
                continue;
            };
            if metric.kind.as_str() != used.kind {
                wrong.push(format!("{place}: {name} is a {} there", used.kind));
            }
            let labels: BTreeSet<String> = metric.labels.iter().map(|it| (*it).to_owned()).collect();
            if used.labels.as_ref().is_some_and(|used| *used != labels) {
                wrong.push(format!("{place}: {name} has other labels there: {:?}", used.labels));
            }
        }
    }
    for (name, place) in &named {
        if !described.contains_key(name.as_str()) {
            wrong.push(format!("{place}: {name} is not described in src/telemetry/metrics"));
        }
    }
    let idle = described.keys().filter(|name| !named.contains_key(**name));
    wrong.extend(idle.map(|name| format!("{name} is described, and nothing sets it")));
    assert!(named.len() > 80, "the metrics were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn descriptions_follow_the_rules_of_prometheus() {
    for metric in described().values() {
        let (name, kind) = (metric.name, metric.kind.as_str());
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        assert!(
            metric.help.ends_with('.') && !metric.help.contains(['\n', '|']),
            "{name}: {}",
            metric.help
        );
        for label in metric.labels {
            assert!(
                !["le", "quantile", "job", "instance"].contains(label),
                "{name}: {label} is Prometheus' own"
            );
        }
    }
}

#[test]
fn uses_are_found_with_their_labels() {
    let text = r#"metrics::counter!("mainstay_a_total", "of" => x.as_str(), "what" => f(1)).increment(1); gauge!("mainstay_b").set(1);
        histogram!("mainstay_c", &labels)"#;
    let found = uses(text);
    let labels = |at: usize| found[at].1.labels.clone();
    assert_eq!(labels(0), Some(BTreeSet::from(["of".to_owned(), "what".to_owned()])));
    assert_eq!((found[1].0.as_str(), labels(1)), ("mainstay_b", Some(BTreeSet::new())));
    assert_eq!((found[2].0.as_str(), labels(2)), ("mainstay_c", None));
}
