//! The inventory of metrics: each with its type, its labels and what it says. `/metrics` shows the words as `# HELP`, and
//! `docs/metrics.md` is written from them.

mod contacts;
mod deliveries;
mod http;
mod intake;
mod media;
mod process;
mod queues;
mod sending;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

impl MetricKind {
    /// Returns the word of Prometheus' text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        }
    }
}

/// What a metric is.
#[derive(Clone, Copy, Debug)]
pub struct MetricDescription {
    pub name: &'static str,
    pub kind: MetricKind,
    /// The names of its labels. Their values come from closed sets.
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

/// Metrics of one subject.
#[derive(Clone, Copy, Debug)]
pub struct MetricGroup {
    pub title: &'static str,
    pub metrics: &'static [MetricDescription],
}

/// All metrics by subject.
pub const METRICS: &[MetricGroup] = &[
    MetricGroup {
        title: "Intake",
        metrics: intake::METRICS,
    },
    MetricGroup {
        title: "Sending",
        metrics: sending::METRICS,
    },
    MetricGroup {
        title: "Deliveries",
        metrics: deliveries::METRICS,
    },
    MetricGroup {
        title: "Queues",
        metrics: queues::METRICS,
    },
    MetricGroup {
        title: "Media and templates",
        metrics: media::METRICS,
    },
    MetricGroup {
        title: "Contacts",
        metrics: contacts::METRICS,
    },
    MetricGroup {
        title: "HTTP",
        metrics: http::METRICS,
    },
    MetricGroup {
        title: "Process and database",
        metrics: process::METRICS,
    },
];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> MetricDescription {
    MetricDescription {
        name,
        kind: MetricKind::Counter,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> MetricDescription {
    MetricDescription {
        name,
        kind: MetricKind::Gauge,
        labels,
        help,
    }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> MetricDescription {
    MetricDescription {
        name,
        kind: MetricKind::Histogram,
        labels,
        help,
    }
}

/// Returns the description of a metric.
pub(crate) fn description(name: &str) -> Option<&'static MetricDescription> {
    let mut all = METRICS.iter().flat_map(|group| group.metrics);
    all.find(|metric| metric.name == name)
}

/// Describes all metrics to the recorder. A counter without labels begins at zero, so that its first increment is seen as one.
pub(super) fn describe() {
    for metric in METRICS.iter().flat_map(|group| group.metrics) {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.help),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.help),
        }
        if metric.kind == MetricKind::Counter && metric.labels.is_empty() && metric.name != process::CPU_SECONDS {
            counter!(metric.name).increment(0);
        }
    }
}
