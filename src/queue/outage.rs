use std::{
    fmt::Display,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a thing that failed is left alone by those who cannot wait.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// Says once that something went away and once that it came back, however many ask for it meanwhile.
#[derive(Debug)]
pub(super) struct Outage {
    of: &'static str,
    metric: &'static str,
    down: AtomicBool,
    probed: Mutex<Option<Instant>>,
}

impl Outage {
    pub const fn new(of: &'static str, metric: &'static str) -> Self {
        Self {
            of,
            metric,
            down: AtomicBool::new(false),
            probed: Mutex::new(None),
        }
    }

    /// Whether to try now: always while it is up, and twice a second while it is down.
    pub fn admits(&self) -> bool {
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

    /// Notes how a try ended and hands it through.
    pub fn note<T, E: Display>(&self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(_) => {
                if self.down.load(Ordering::Relaxed) && self.down.swap(false, Ordering::Relaxed) {
                    tracing::info!("{} is back", self.of);
                }
            }
            Err(error) => {
                metrics::counter!(self.metric).increment(1);
                if !self.down.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "{} is not available; work goes on when it is back", self.of);
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
    fn what_is_down_is_not_asked_again_at_once() {
        let outage = Outage::new("a test", "mainstay_test_errors_total");
        assert!(outage.admits() && outage.admits());
        let _ = outage.note(Err::<(), _>("gone"));
        assert!(!outage.admits());
        let _ = outage.note(Ok::<_, &str>(()));
        assert!(outage.admits() && outage.admits());
    }
}
