use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    histogram(
        "mainstay_http_request_seconds",
        &["method", "route", "status"],
        "Time of requests, webhooks excepted.",
    ),
    gauge("mainstay_connections_open", &[], "Open connections."),
    gauge("mainstay_connections_limit", &[], "Most connections at a time."),
    counter(
        "mainstay_connections_closed_total",
        &["reason"],
        "Connections closed because their clients are slow or idle, or to make room.",
    ),
    counter(
        "mainstay_connections_refused_total",
        &["reason"],
        "Connections refused: `most`, `address`.",
    ),
    counter(
        "mainstay_accept_failures_total",
        &["reason"],
        "Connections that could not be accepted: `descriptors`, `other`.",
    ),
    counter(
        "mainstay_api_rate_limited_total",
        &[],
        "Requests beyond the rate of their API key.",
    ),
    counter(
        "mainstay_wrong_tokens_total",
        &["kind"],
        "Wrong tokens: `admin`, `metrics`, `api_key`.",
    ),
    counter(
        "mainstay_guesses_refused_total",
        &["kind"],
        "Requests refused after too many wrong tokens.",
    ),
    gauge("mainstay_request_bytes", &["state"], "Memory for requests: `free`."),
    counter(
        "mainstay_request_bytes_waits_total",
        &[],
        "Requests that waited because their tenant has its share of the memory for requests.",
    ),
    counter(
        "mainstay_requests_shed_total",
        &["of"],
        "Requests without room: `tenant` (its quarter), `process`.",
    ),
    histogram(
        "mainstay_read_wait_seconds",
        &[],
        "Time that reads wait for a connection to the database.",
    ),
    counter(
        "mainstay_reads_refused_total",
        &["reason"],
        "Reads refused: `late`, `full`, `slow`.",
    ),
    counter(
        "mainstay_reads_waited_total",
        &[],
        "Reads that waited because their tenant has its share under way.",
    ),
    counter(
        "mainstay_quota_reached_total",
        &["quota"],
        "Requests refused because of a quota.",
    ),
];
