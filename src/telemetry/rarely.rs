use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// At least so long lies between two log lines of one kind.
const GAP: Duration = Duration::from_secs(10);

/// A rate limit on a log line: whatever a client can cause any number of times is logged once in ten seconds.
#[derive(Default)]
pub struct Rarely(Mutex<(Option<Instant>, u64)>);

impl Rarely {
    /// Notes one occurrence. `Some` when a line is due, with the number of occurrences since the last line, this one included.
    pub fn note(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *state;
        *count += 1;
        if last.is_some_and(|last| last.elapsed() < GAP) {
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
        let rarely = Rarely::default();
        assert_eq!(rarely.note(), Some(1));
        assert_eq!((rarely.note(), rarely.note()), (None, None));
        rarely.0.lock().unwrap().0 = Instant::now().checked_sub(GAP);
        assert_eq!(rarely.note(), Some(3));
    }
}
