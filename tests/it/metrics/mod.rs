//! Metrics: what the code sets, what is described, what is shown, and what alert rules and the dashboard ask for are the same.

mod deploy;
mod page;
mod shown;
mod sources;

use std::collections::BTreeMap;

use mainstay::telemetry::{METRICS, MetricDescription};

/// Every description by name.
fn described() -> BTreeMap<&'static str, &'static MetricDescription> {
    let mut found = BTreeMap::new();
    for metric in METRICS.iter().flat_map(|group| group.metrics) {
        assert!(
            found.insert(metric.name, metric).is_none(),
            "{} is described twice",
            metric.name
        );
    }
    found
}
