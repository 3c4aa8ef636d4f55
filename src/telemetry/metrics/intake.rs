use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    counter(
        "mainstay_webhooks_stored_total",
        &[],
        "Webhooks committed and answered 200.",
    ),
    counter(
        "mainstay_webhooks_rejected_total",
        &["reason"],
        "Webhooks not stored: `full`, `unavailable`, `busy`, `no_room` (503, Meta sends again); `unsigned`, `bad_signature`, `too_large`, `incomplete`.",
    ),
    histogram(
        "mainstay_webhook_acknowledge_seconds",
        &[],
        "Time from a webhook's head to its acknowledgement.",
    ),
    histogram(
        "mainstay_webhook_verification_wait_seconds",
        &[],
        "Time that long webhooks wait for the verification of their signature.",
    ),
    gauge(
        "mainstay_intake_waiting",
        &[],
        "Webhooks that wait for the group commit.",
    ),
    histogram("mainstay_intake_batch_size", &[], "Webhooks in one commit."),
    counter(
        "mainstay_intake_failures_total",
        &[],
        "Commits of webhooks that failed.",
    ),
    counter(
        "mainstay_intake_hints_dropped_total",
        &[],
        "Commits whose ids were not given to the queue driver; the sweep finds the rows.",
    ),
    gauge(
        "mainstay_unverified_bytes",
        &[],
        "Bytes of webhooks held before their signatures are verified.",
    ),
    counter(
        "mainstay_items_processed_total",
        &["type"],
        "Items of webhooks that were applied, by kind.",
    ),
    counter(
        "mainstay_items_unrecognized_total",
        &["reason"],
        "Items of webhooks that were not understood, and are kept.",
    ),
    counter(
        "mainstay_webhooks_quarantined_total",
        &[],
        "Webhooks that wait for a number or account that nobody has added.",
    ),
    counter(
        "mainstay_webhooks_postponed_total",
        &[],
        "Long webhooks that were put off so that short ones get their turn.",
    ),
    counter(
        "mainstay_windows_closing_total",
        &[],
        "Service windows that were reported as about to close.",
    ),
];
