//! What is known of one number: its rate's [`Gate`], how far the rate is lowered, whether the number rests.

use super::{gate::Gate, terms::Pace};

/// Nothing is sent for so long after 131057, Meta's upper bound.
pub(super) const MAINTENANCE: i64 = 60_000_000;
/// The rate is not lowered below a tenth,
const LEAST_FACTOR: i64 = 100;
/// comes back by a thousandth of the full rate in this time, so by half of it in 50 seconds,
const RECOVERY: i64 = 100_000;
/// and is lowered once for all refusals within this time: they were on their way together.
const ONE_REFUSAL: i64 = 2_000_000;
/// Somebody is told of a change once in this time: again if nobody says that it was applied, and not at every call while workers
/// that know the new rate and workers that do not yet take turns.
const TELL_AGAIN: i64 = 5_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    pub gate: Gate,
    /// The interval of those who asked last.
    pub interval: i64,
    /// Thousandths by which the rate was lowered, and when.
    pub loss: i64,
    pub lowered: i64,
    pub paused: i64,
    /// Promises made before this are worthless (0: none are), and when somebody was told.
    pub change: i64,
    pub told: i64,
}

impl Book {
    /// How many thousandths of the rate are in use.
    pub fn factor(&self, now: i64) -> i64 {
        let recovered = (now - self.lowered).max(0) / RECOVERY;
        1_000 - (self.loss - recovered).max(0)
    }

    /// Takes note of the rate. What was promised at a slower one would leave the number idle.
    pub fn notice_rate(&mut self, now: i64, pace: Pace) {
        if pace.interval < self.interval && self.gate.has_long_queues(now) {
            self.requeue(now);
        }
        self.interval = pace.interval;
    }

    pub fn requeue(&mut self, now: i64) {
        self.gate.forget_queues();
        self.change = now;
    }

    /// A change that somebody has to be told of.
    pub fn tell(&mut self, now: i64) -> Option<i64> {
        let due = self.change > 0 && now - self.told >= TELL_AGAIN;
        if due {
            self.told = now;
        }
        due.then_some(self.change)
    }

    pub fn applied(&mut self, change: i64) {
        if self.change <= change {
            self.change = 0;
        }
    }

    /// 130429.
    pub fn throttled(&mut self, now: i64, pace: Pace) {
        if self.lowered > 0 && now - self.lowered < ONE_REFUSAL {
            return;
        }
        self.loss = 1_000 - (self.factor(now) / 2).max(LEAST_FACTOR);
        self.lowered = now;
        self.gate.tat = self.gate.tat.max(now + pace.slack);
    }

    /// 131057.
    pub fn rest(&mut self, now: i64, pace: Pace) {
        self.paused = self.paused.max(now + MAINTENANCE);
        self.gate.tat = self.gate.tat.max(self.paused + pace.slack);
    }
}
