//! When a webhook that was not answered 200 is sent again.

use std::time::Duration;

/// Growing gaps between deliveries of one body, for as long as the window lasts.
///
/// Meta promises redelivery "immediately, then with decreasing frequency" for 7 days, and publishes no delays. So the
/// first redelivery follows at once, and the gaps after it grow by a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct RedeliveryPolicy {
    /// The gap before the second redelivery.
    pub first_gap: Duration,
    /// What each gap is multiplied by to give the next one; at least 1.
    pub factor: f64,
    /// No gap is longer.
    pub longest_gap: Duration,
    /// Counted from the first delivery. A body still unanswered after it is dropped for good.
    pub window: Duration,
}

impl RedeliveryPolicy {
    /// Gaps of milliseconds and a window of a minute, for tests.
    pub fn fast() -> Self {
        Self {
            first_gap: Duration::from_millis(5),
            factor: 1.5,
            longest_gap: Duration::from_millis(200),
            window: Duration::from_secs(60),
        }
    }

    /// The gap after `failures` deliveries of one body have failed (1 after the first).
    pub fn gap(&self, failures: u32) -> Duration {
        let Some(power) = failures.checked_sub(2) else {
            return Duration::ZERO;
        };
        let seconds = self.first_gap.as_secs_f64() * self.factor.max(1.0).powf(f64::from(power));
        Duration::try_from_secs_f64(seconds).map_or(self.longest_gap, |gap| gap.min(self.longest_gap))
    }
}

impl Default for RedeliveryPolicy {
    fn default() -> Self {
        Self {
            first_gap: Duration::from_secs(5),
            factor: 2.0,
            longest_gap: Duration::from_secs(60 * 60),
            window: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_start_at_once_then_grow_up_to_the_longest() {
        let policy = RedeliveryPolicy {
            longest_gap: Duration::from_secs(30),
            ..RedeliveryPolicy::default()
        };
        let gaps = [1, 2, 3, 4, 5, 5000].map(|failures| policy.gap(failures).as_secs());
        assert_eq!(gaps, [0, 5, 10, 20, 30, 30]);
    }
}
