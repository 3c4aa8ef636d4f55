//! Process metrics from the kernel, under Prometheus' standard names.

use chrono::{DateTime, Utc};
use metrics::gauge;

use crate::telemetry;

/// Sets the metrics from `/proc/self`; does nothing where that does not exist.
pub fn refresh(now: DateTime<Utc>) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    if let Some(process) = Process::parse(&read("/proc/self/stat"), &read("/proc/uptime")) {
        gauge!("process_resident_memory_bytes").set(process.resident_bytes);
        gauge!("process_virtual_memory_bytes").set(process.virtual_bytes);
        gauge!("process_threads").set(process.threads);
        gauge!("process_start_time_seconds").set(now.timestamp_millis() as f64 / 1_000.0 - process.age_seconds);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(open.count() as f64);
    }
}

/// Returns the text of `process_cpu_seconds_total`: a counter of fractions, which the recorder has none of. Empty where `/proc` does not exist.
pub fn cpu_seconds() -> String {
    const NAME: &str = "process_cpu_seconds_total";
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let process = Process::parse(&read("/proc/self/stat"), &read("/proc/uptime"));
    let text = process.zip(telemetry::description(NAME)).map(|(process, described)| {
        let (help, kind) = (described.help, described.kind.as_str());
        format!(
            "# HELP {NAME} {help}\n# TYPE {NAME} {kind}\n{NAME} {}\n",
            process.cpu_seconds
        )
    });
    text.unwrap_or_default()
}

#[derive(Debug, PartialEq)]
struct Process {
    cpu_seconds: f64,
    resident_bytes: f64,
    virtual_bytes: f64,
    threads: f64,
    age_seconds: f64,
}

impl Process {
    /// Parses fields by their numbers in proc_pid_stat(5). The name, the second field, is in brackets and may hold anything.
    fn parse(stat: &str, uptime: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let up: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / ticks,
            threads: field(20)?,
            age_seconds: up - field(22)? / ticks,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * rustix::param::page_size() as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_counted_after_the_name() {
        let stat = "41 (main) stay) S 1 41 41 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 7 0 1000 73400320 2560 184467";
        let process = Process::parse(stat, "60.00 100.00").unwrap();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(process.cpu_seconds, 300.0 / ticks);
        assert_eq!(process.age_seconds, 60.0 - 1000.0 / ticks);
        assert_eq!((process.threads, process.virtual_bytes), (7.0, 73_400_320.0));
        assert_eq!(process.resident_bytes, 2560.0 * rustix::param::page_size() as f64);
        assert_eq!(Process::parse("", ""), None);
    }
}
