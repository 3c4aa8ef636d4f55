use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    counter(
        "mainstay_deliveries_created_total",
        &[],
        "Deliveries of events to endpoints that were created.",
    ),
    counter(
        "mainstay_delivery_attempts_total",
        &["outcome"],
        "Requests to endpoints: `succeeded`, `status`, `redirect`, `timeout`, `unreachable`, `refused`, `expired`.",
    ),
    histogram(
        "mainstay_delivery_attempt_seconds",
        &[],
        "Time of a request to an endpoint.",
    ),
    gauge("mainstay_deliveries_in_flight", &[], "Requests to endpoints under way."),
    gauge(
        "mainstay_delivery_backlog",
        &[],
        "Deliveries that wait, due or for a retry: up to 100,000. Counted by workers every 30 s.",
    ),
    gauge(
        "mainstay_delivery_backlog_oldest_seconds",
        &[],
        "Age of the oldest of these deliveries; 0 without any. Counted by workers every 30 s.",
    ),
    counter("mainstay_deliveries_dead_total", &[], "Deliveries given up."),
    counter(
        "mainstay_deliveries_replayed_total",
        &[],
        "Deliveries queued again by a replay.",
    ),
    histogram(
        "mainstay_delivery_batch_size",
        &[],
        "Results of deliveries in one commit.",
    ),
    counter(
        "mainstay_delivery_shares_exhausted_total",
        &[],
        "Requests to endpoints that waited because their tenant has its share under way.",
    ),
    gauge(
        "mainstay_endpoints_failing",
        &[],
        "Endpoints whose latest attempt failed. Counted by workers every 30 s.",
    ),
    gauge(
        "mainstay_endpoint_breakers_open",
        &[],
        "Endpoints whose circuit breaker is open. Counted by workers every 30 s.",
    ),
    counter(
        "mainstay_endpoints_tripped_total",
        &[],
        "Circuit breakers of endpoints that opened.",
    ),
    counter(
        "mainstay_endpoints_disabled_total",
        &[],
        "Endpoints disabled after five days of nothing but failures, or at their own request (410).",
    ),
    counter(
        "mainstay_endpoint_jobs_overlooked_total",
        &[],
        "Endpoints with due deliveries that nobody had woken.",
    ),
    counter(
        "mainstay_egress_posts_total",
        &["outcome"],
        "Posts to addresses that tenants chose, by outcome.",
    ),
    counter(
        "mainstay_egress_requests_total",
        &["outcome"],
        "Files fetched from addresses that tenants chose: `ok`, `status`, `refused`, `endless`, `failed`.",
    ),
    gauge("mainstay_egress_lookups", &[], "Names being looked up."),
    counter(
        "mainstay_egress_lookup_shares_exhausted_total",
        &[],
        "Look-ups of names that waited because their tenant has its share under way.",
    ),
];
