//! What time it is on Meta's side.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Clock;

/// Microseconds of Unix time.
pub(crate) type Moment = i64;

pub(crate) const SECOND: Moment = 1_000_000;
pub(crate) const DAY: Moment = 86_400 * SECOND;

/// A clock that never goes back, and that a test may put forward: by a day, to see a window closed.
#[derive(Debug)]
pub(crate) struct Time {
    /// `None` where only a test moves it.
    started: Option<Instant>,
    base: Moment,
    ahead: AtomicI64,
}

impl Time {
    pub fn new(clock: Clock) -> Self {
        let base = match clock {
            Clock::From(seconds) | Clock::Still(seconds) => seconds * SECOND,
            Clock::Wall => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros),
        };
        Self {
            started: (!matches!(clock, Clock::Still(_))).then(Instant::now),
            base,
            ahead: AtomicI64::new(0),
        }
    }

    pub fn now(&self) -> Moment {
        let passed = self.started.map_or(0, |started| micros(started.elapsed()));
        self.base + passed + self.ahead.load(Ordering::Relaxed)
    }

    /// Unix seconds.
    pub fn seconds(&self) -> i64 {
        self.now() / SECOND
    }

    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(micros(by), Ordering::Relaxed);
    }
}

/// Which calendar month it is, in UTC, counted from that of the year 0.
pub(crate) fn month(moment: Moment) -> i64 {
    // Days counted from 1 March of the year 0, so that leap days end a year.
    let days = moment.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    12 * (400 * era + year_of_era) + months_since_march + 2
}

pub(crate) fn micros(duration: Duration) -> Moment {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_with_its_first_day() {
        // 30 September and 1 October 2026, 31 December 2026 and 1 January 2027, 28 and 29 February 2028.
        for (seconds, expected) in [
            (1_790_812_799, 12 * 2026 + 8),
            (1_790_812_800, 12 * 2026 + 9),
            (1_798_761_599, 12 * 2026 + 11),
            (1_798_761_600, 12 * 2027),
            (1_835_395_199, 12 * 2028 + 1),
            (1_835_481_599, 12 * 2028 + 1),
            (1_835_481_600, 12 * 2028 + 2),
        ] {
            assert_eq!(month(seconds * SECOND), expected, "{seconds}");
        }
    }
}
