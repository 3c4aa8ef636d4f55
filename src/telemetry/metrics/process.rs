use super::{MetricDescription, counter, gauge};

/// A counter of fractions, which the recorder has none of: `/metrics` adds it.
pub(super) const CPU_SECONDS: &str = "process_cpu_seconds_total";

pub(super) const METRICS: &[MetricDescription] = &[
    gauge(
        "mainstay_build_info",
        &["version", "database", "queue"],
        "1. Which version runs, on which database and queue driver.",
    ),
    gauge(
        "mainstay_database_connections",
        &["state"],
        "Connections to the database: `open`, `idle`.",
    ),
    gauge(
        "mainstay_disk_free_bytes",
        &[],
        "Free space of the disk with the SQLite file; on PostgreSQL of the one where the process runs.",
    ),
    counter(CPU_SECONDS, &[], "Time of the processor that the process used."),
    gauge("process_resident_memory_bytes", &[], "Resident memory."),
    gauge("process_virtual_memory_bytes", &[], "Virtual memory."),
    gauge("process_threads", &[], "Threads."),
    gauge("process_open_fds", &[], "Open file descriptors."),
    gauge("process_start_time_seconds", &[], "Start of the process in Unix time."),
];
