//! Availability of a dependency, logged once per change.

use std::{
    fmt::Display,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The interval between attempts of callers that fail fast while the dependency is down.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// The availability of a dependency. Logs one line when it becomes unavailable and one when it is back, however many callers use it.
#[derive(Debug)]
pub(super) struct Outage {
    name: &'static str,
    metric: &'static str,
    down: AtomicBool,
    probed: Mutex<Option<Instant>>,
}

impl Outage {
    pub const fn new(name: &'static str, metric: &'static str) -> Self {
        Self {
            name,
            metric,
            down: AtomicBool::new(false),
            probed: Mutex::new(None),
        }
    }

    /// Returns whether to try now: always while it is available, and once every 500 ms while it is not.
    pub fn should_try(&self) -> bool {
        if !self.down.load(Ordering::Relaxed) {
            return true;
        }
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = probed.is_none_or(|at| at.elapsed() >= PROBE_EVERY);
        if due {
            *probed = Some(Instant::now());
        }
        due
    }

    /// Records a result and returns it.
    pub fn record<T, E: Display>(&self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(_) => {
                if self.down.load(Ordering::Relaxed) && self.down.swap(false, Ordering::Relaxed) {
                    tracing::info!("{} is available again", self.name);
                }
            }
            Err(error) => {
                metrics::counter!(self.metric).increment(1);
                if !self.down.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "{} is unavailable; retrying", self.name);
                    *self.probed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                }
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_dependency_is_not_tried_again_at_once() {
        let outage = Outage::new("a test", "mainstay_test_errors_total");
        assert!(outage.should_try() && outage.should_try());
        let _ = outage.record(Err::<(), _>("gone"));
        assert!(!outage.should_try());
        let _ = outage.record(Ok::<_, &str>(()));
        assert!(outage.should_try() && outage.should_try());
    }
}
