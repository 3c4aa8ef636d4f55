//! Alert rules and the dashboard ask only for metrics that exist, with labels that they have.

use std::collections::{BTreeMap, BTreeSet};

use mainstay::{domain::HoldReason, jobs::QUEUES, telemetry::MetricDescription};
use serde_json::Value;

use super::described;

const ALERTS: &str = include_str!("../../../deploy/alerts.yml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana.json");

/// Labels that Prometheus gives to every metric.
const TARGET: [&str; 2] = ["instance", "job"];

type Described = BTreeMap<&'static str, &'static MetricDescription>;

/// The names of metrics in an expression, each with the label matchers after it.
fn metrics(expression: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found = Vec::new();
    for begin in ["mainstay_", "process_"] {
        for (at, _) in expression.match_indices(begin) {
            let rest = &expression[at..];
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let matchers = rest[end..]
                .strip_prefix('{')
                .and_then(|it| it.split_once('}'))
                .map_or("", |it| it.0);
            let matchers = matchers.split(',').filter(|it| !it.trim().is_empty()).map(|matcher| {
                let at = matcher.find(['=', '!']).expect("a matcher");
                let value = matcher[at..].trim_start_matches(['=', '!', '~']).trim_matches('"');
                (matcher[..at].trim().to_owned(), value.to_owned())
            });
            found.push((rest[..end].to_owned(), matchers.collect()));
        }
    }
    found
}

/// The description of a metric, also under the name of a histogram's part, and whether it has the label `le`.
fn of<'d>(described: &'d Described, name: &str) -> Option<(&'d MetricDescription, bool)> {
    let histogram = |part: &str| {
        let base = described.get(name.strip_suffix(part)?)?;
        (base.kind.as_str() == "histogram").then_some((*base, part == "_bucket"))
    };
    let whole = described
        .get(name)
        .filter(|it| it.kind.as_str() != "histogram")
        .map(|it| (*it, false));
    whole.or_else(|| ["_bucket", "_sum", "_count"].into_iter().find_map(histogram))
}

/// Fails unless every metric is there with its labels; returns the labels that the expression may speak of.
fn check(described: &Described, expression: &str) -> BTreeSet<String> {
    let named = metrics(expression);
    assert!(!named.is_empty(), "no metric: {expression}");
    let mut labels: BTreeSet<String> = TARGET.map(str::to_owned).into();
    for (name, matchers) in named {
        let (metric, bucket) =
            of(described, &name).unwrap_or_else(|| panic!("there is no metric {name}: {expression}"));
        let own: BTreeSet<&str> = metric
            .labels
            .iter()
            .copied()
            .chain(TARGET)
            .chain(bucket.then_some("le"))
            .collect();
        for (label, value) in &matchers {
            assert!(
                own.contains(label.as_str()),
                "{name} has no label {label}: {expression}"
            );
            check_value(&name, label, value);
        }
        labels.extend(own.into_iter().map(str::to_owned));
    }
    for word in ["by (", "without (", "on (", "ignoring ("] {
        for (at, _) in expression.match_indices(word) {
            let list = expression[at + word.len()..].split(')').next().unwrap();
            for label in list.split(',').map(str::trim) {
                assert!(labels.contains(label), "no metric has the label {label}: {expression}");
            }
        }
    }
    labels
}

/// Where the code knows the values, a misspelt one would never fire.
fn check_value(name: &str, label: &str, value: &str) {
    let known: Vec<&str> = match (name, label) {
        (_, "queue") => QUEUES.iter().map(|queue| queue.name).collect(),
        ("mainstay_sends_held", "reason") => HoldReason::ALL.map(HoldReason::as_str).to_vec(),
        ("mainstay_queue_jobs", "state") => vec!["pending", "scheduled", "running", "dead", "archived"],
        ("mainstay_webhooks_rejected_total", "reason") => vec![
            "too_large",
            "unsigned",
            "bad_signature",
            "incomplete",
            "no_room",
            "full",
            "unavailable",
            "busy",
        ],
        _ => return,
    };
    for one in value.split('|') {
        assert!(known.contains(&one), "{name} never has {label}={one:?}");
    }
}

#[test]
fn alert_rules_name_metrics_that_exist_with_labels_that_they_have() {
    let described = described();
    let mut names = BTreeSet::new();
    let rules: Vec<&str> = ALERTS.split("- alert: ").skip(1).collect();
    for rule in &rules {
        assert!(
            names.insert(rule.lines().next().unwrap()),
            "a name stands twice: {rule}"
        );
        let expression = rule.lines().find_map(|line| line.trim().strip_prefix("expr: "));
        let labels = check(&described, expression.expect("each rule has an expression in one line"));
        for (at, _) in rule.match_indices("$labels.") {
            let rest = &rule[at + "$labels.".len()..];
            let label: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(labels.contains(&label), "{label} is no label there: {rule}");
        }
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(rule.contains(part), "{part} is missing: {rule}");
        }
    }
    for metric in [
        "mainstay_webhooks_rejected_total",
        "mainstay_queue_oldest_pending_seconds",
        "mainstay_queue_jobs",
        "mainstay_sends_held",
        "mainstay_channel_breakers_open",
        "mainstay_endpoint_breakers_open",
        "mainstay_delivery_backlog_oldest_seconds",
        "mainstay_provider_unreachable",
        "mainstay_disk_free_bytes",
    ] {
        assert!(
            rules.iter().any(|rule| rule.contains(metric)),
            "no rule watches {metric}"
        );
    }
}

#[test]
fn the_dashboard_names_metrics_that_exist_with_labels_that_they_have() {
    let described = described();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let rows: Vec<&str> = panels
        .iter()
        .filter(|it| it["type"] == "row")
        .filter_map(|it| it["title"].as_str())
        .collect();
    assert_eq!(rows, ["Intake", "Sending", "Deliveries", "Queues", "Process"]);
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for panel in panels {
        assert!(ids.insert(panel["id"].as_i64()), "an id stands twice: {panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let labels = check(&described, target["expr"].as_str().expect("an expression"));
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            for shown in legend.split("{{").skip(1).filter_map(|it| it.split("}}").next()) {
                assert!(labels.contains(shown), "{shown} is no label there: {target}");
            }
            count += 1;
        }
    }
    assert!(count > 40, "only {count} expressions were found");
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        if variable["type"] == "query" {
            check(&described, variable["definition"].as_str().expect("a query"));
        }
    }
}

#[test]
#[should_panic(expected = "no label queues")]
fn a_label_that_a_metric_does_not_have_is_found() {
    check(&described(), r#"max(mainstay_queue_paused{queues="inbound"})"#);
}

#[test]
#[should_panic(expected = "there is no metric mainstay_queue_pause")]
fn a_metric_that_does_not_exist_is_found() {
    check(&described(), "max(mainstay_queue_pause) > 0");
}
