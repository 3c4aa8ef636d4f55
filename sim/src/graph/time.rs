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
    started: Instant,
    base: Moment,
    ahead: AtomicI64,
}

impl Time {
    pub fn new(clock: Clock) -> Self {
        let base = match clock {
            Clock::From(seconds) => seconds * SECOND,
            Clock::Wall => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros),
        };
        Self {
            started: Instant::now(),
            base,
            ahead: AtomicI64::new(0),
        }
    }

    pub fn now(&self) -> Moment {
        self.base + micros(self.started.elapsed()) + self.ahead.load(Ordering::Relaxed)
    }

    /// Unix seconds.
    pub fn seconds(&self) -> i64 {
        self.now() / SECOND
    }

    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(micros(by), Ordering::Relaxed);
    }
}

pub(crate) fn micros(duration: Duration) -> Moment {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
