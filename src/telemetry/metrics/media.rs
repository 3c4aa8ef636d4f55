use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    gauge(
        "mainstay_media_deadline_seconds",
        &[],
        "Time until Meta deletes the first file that is not fetched yet: below 0 some is lost; a week if none waits.",
    ),
    counter(
        "mainstay_media_fetched_total",
        &["outcome"],
        "Files fetched from Meta: `ready`, `retry`, `failed`.",
    ),
    histogram(
        "mainstay_media_ready_seconds",
        &[],
        "Time from a file's webhook to its readiness.",
    ),
    counter(
        "mainstay_media_failed_total",
        &[],
        "Files of customers that were given up.",
    ),
    counter(
        "mainstay_media_digest_mismatches_total",
        &[],
        "Files whose digest was not the one that Meta named.",
    ),
    counter(
        "mainstay_media_deduplicated_total",
        &[],
        "Files that were stored already.",
    ),
    counter(
        "mainstay_media_uploads_total",
        &["outcome"],
        "Files uploaded to Meta: `ok`, `failed`.",
    ),
    counter(
        "mainstay_media_variants_total",
        &["outcome"],
        "Pictures made smaller, by outcome.",
    ),
    counter(
        "mainstay_media_bytes_total",
        &["direction"],
        "Bytes of files: `in` from Meta, `out` to Meta, `uploaded` by tenants, `read` by tenants.",
    ),
    counter(
        "mainstay_storage_failures_total",
        &["what"],
        "Failures of the storage: `read`, `write`, `remove`, `variants`.",
    ),
    counter("mainstay_template_syncs_total", &[], "Template syncs."),
];
