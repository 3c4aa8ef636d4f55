use super::{MetricDescription, counter, gauge, histogram};

pub(super) const METRICS: &[MetricDescription] = &[
    gauge(
        "mainstay_queue_jobs",
        &["queue", "state"],
        "Jobs by state: `pending` (due), `scheduled` (due later), `running`, `dead`, `archived` (dead, and not tried again).",
    ),
    gauge(
        "mainstay_queue_oldest_pending_seconds",
        &["queue"],
        "For how long the oldest due job has been due; 0 if none is.",
    ),
    gauge(
        "mainstay_queue_paused",
        &["queue"],
        "1 while the operator has paused the queue, else 0.",
    ),
    histogram(
        "mainstay_queue_wait_seconds",
        &["queue"],
        "Time from a job's due time to its start.",
    ),
    histogram("mainstay_job_seconds", &["queue"], "Time of a batch of jobs."),
    histogram("mainstay_job_batch_size", &["queue"], "Jobs in a batch."),
    counter(
        "mainstay_jobs_total",
        &["queue", "outcome"],
        "Runs of jobs: `done`, `settled`, `retry`, `retry_after`, `snooze`, `released`, `discard`, `quarantine`.",
    ),
    counter("mainstay_jobs_dead_total", &["queue"], "Jobs given up."),
    counter(
        "mainstay_jobs_rescued_total",
        &["queue"],
        "Jobs whose lease ended with their worker.",
    ),
    counter(
        "mainstay_jobs_suspected_total",
        &["queue"],
        "Jobs that were in the hands of a process that died.",
    ),
    counter(
        "mainstay_jobs_swept_total",
        &["queue"],
        "Due rows that the driver did not know.",
    ),
    counter(
        "mainstay_dead_letters_revived_total",
        &["queue"],
        "Jobs that were given up and are tried again on the ladder.",
    ),
    counter(
        "mainstay_dead_letters_archived_total",
        &["queue"],
        "Jobs that were given up for good.",
    ),
    gauge(
        "mainstay_schedule_lag_seconds",
        &["schedule"],
        "How long the next planned time of a schedule has passed; 0 before it and while it is paused.",
    ),
    gauge(
        "mainstay_recurring_job_failing",
        &["queue"],
        "Recurring jobs that failed five times in a row or more.",
    ),
    counter(
        "mainstay_queue_dropped_total",
        &["queue"],
        "Ids that the driver had no room for; the sweep finds the rows.",
    ),
    counter(
        "mainstay_queue_database_errors_total",
        &[],
        "Errors of the database in the queue's own work.",
    ),
    counter("mainstay_redis_errors_total", &[], "Errors of Redis."),
    counter(
        "mainstay_hints_dropped_total",
        &[],
        "Commits whose hints were dropped; housekeeping finds the rows.",
    ),
    counter(
        "mainstay_worker_restarts_total",
        &[],
        "Restarts of workers after a fault.",
    ),
    counter(
        "mainstay_housekeeping_failures_total",
        &["task"],
        "Tasks of housekeeping that failed; they are repeated.",
    ),
    counter(
        "mainstay_retention_removed_total",
        &["what"],
        "Rows removed because of their age.",
    ),
];
