use std::time::Duration;

/// Exponential backoff with jitter: `base`, doubled with each attempt, at most `cap`, less a random share, so that jobs that failed
/// together are not retried together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    /// The greatest share that is subtracted, 0 to 1.
    jitter: f64,
}

impl Backoff {
    /// Creates a backoff with a jitter of a quarter.
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            jitter: 0.25,
        }
    }

    /// Sets the jitter: the greatest share that is subtracted, 0 to 1.
    pub const fn jitter(self, share: f64) -> Self {
        Self { jitter: share, ..self }
    }

    /// Returns the delay after the given number of attempts (1 is the first).
    pub fn after(&self, attempts: i64) -> Duration {
        self.at(attempts, rand::random())
    }

    fn at(&self, attempts: i64, chance: f64) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 31)).unwrap_or(0);
        let full = self.base.saturating_mul(1 << doublings).min(self.cap);
        full.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(60));

    #[test]
    fn each_attempt_rests_twice_as_long_up_to_the_cap() {
        let seconds: Vec<u64> = (1..=7).map(|attempt| BACKOFF.at(attempt, 0.0).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(BACKOFF.at(i64::MAX, 0.0).as_secs(), 60);
        assert_eq!(BACKOFF.at(0, 0.0).as_secs(), 2);
    }

    #[test]
    fn chance_takes_off_no_more_than_the_jitter() {
        assert_eq!(BACKOFF.at(1, 1.0), Duration::from_millis(1_500));
        assert_eq!(BACKOFF.jitter(0.0).at(1, 1.0), Duration::from_secs(2));
        for _ in 0..1_000 {
            let rest = BACKOFF.after(3);
            assert!(
                (Duration::from_secs(6)..=Duration::from_secs(8)).contains(&rest),
                "{rest:?}"
            );
        }
    }
}
