use std::time::Duration;

use serde::Serialize;

/// The durations of many requests.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

/// Quantiles in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Latencies {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub fn join(&mut self, other: Latencies) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn quantiles(mut self) -> Quantiles {
        self.0.sort_unstable();
        let at = |share: f64| {
            let place = ((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1));
            self.0
                .get(place)
                .map_or(0.0, |duration| duration.as_secs_f64() * 1_000.0)
        };
        Quantiles {
            p50: at(0.50),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

impl std::fmt::Display for Quantiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            self.p50, self.p99, self.max
        )
    }
}
