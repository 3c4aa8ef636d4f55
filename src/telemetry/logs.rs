use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config;

/// Keeps the exporter of traces alive. Dropping it exports the rest.
#[must_use = "dropping it ends the export of traces"]
pub(crate) struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
}

/// Starts logging to standard error, and exporting traces if a collector is configured.
pub(crate) fn init(config: &config::TelemetryConfig, process: &'static str) -> anyhow::Result<TelemetryGuard> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| anyhow::anyhow!("RUST_LOG: {error}; use e.g. info or info,mainstay=debug"))?;
    let mut log_layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    // By itself it reads NO_COLOR alone.
    if !std::io::stderr().is_terminal() {
        log_layer.set_ansi(false);
    }
    let log_layer = if config.json {
        log_layer.json().flatten_event(true).boxed()
    } else {
        log_layer.boxed()
    };
    let traces = config
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| provider(endpoint, process))
        .transpose()?;
    let spans = traces
        .as_ref()
        .map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("mainstay")));
    tracing_subscriber::registry()
        .with(filter)
        .with(log_layer)
        .with(spans)
        .try_init()?;
    Ok(TelemetryGuard { traces })
}

fn provider(endpoint: &str, process: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
    let resource = Resource::builder()
        .with_service_name(format!("mainstay-{process}"))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take()
            && let Err(error) = traces.shutdown()
        {
            eprintln!("exporting the last traces failed: {error}");
        }
    }
}
