//! Logs, traces and metrics.

mod log_throttle;
mod logs;
mod metrics;

pub(crate) use log_throttle::LogThrottle;
pub(crate) use logs::init;
pub(crate) use metrics::description;
pub use metrics::{METRICS, MetricDescription, MetricGroup, MetricKind};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Buckets of the latency histograms, in seconds.
const LATENCY_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Buckets of the histograms of counts.
const COUNT_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Installs the recorder behind the macros of `metrics`, and describes every metric to it. A second call in one process (tests) returns the same handle.
pub fn install_metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let buckets = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), LATENCY_BUCKETS)
                .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), COUNT_BUCKETS));
            let handle = buckets
                .expect("the bounds are not empty")
                .install_recorder()
                .expect("no other recorder was installed before this one");
            metrics::describe();
            handle
        })
        .clone()
}
