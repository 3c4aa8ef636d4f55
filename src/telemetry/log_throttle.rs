use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Minimum interval between two log lines of one kind.
const INTERVAL: Duration = Duration::from_secs(10);

/// A rate limit on a log line: events that clients can cause at will are logged once in ten seconds.
#[derive(Default)]
pub(crate) struct LogThrottle(Mutex<(Option<Instant>, u64)>);

impl LogThrottle {
    /// Counts an event. Returns the number of events since the last line, this one included, if a line is due.
    pub(crate) fn record(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *state;
        *count += 1;
        if last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_at_once_and_then_rarely() {
        let log_throttle = LogThrottle::default();
        assert_eq!(log_throttle.record(), Some(1));
        assert_eq!((log_throttle.record(), log_throttle.record()), (None, None));
        log_throttle.0.lock().unwrap().0 = Instant::now().checked_sub(INTERVAL);
        assert_eq!(log_throttle.record(), Some(3));
    }
}
