//! The state of one number: its [`GcraGate`], the reduction of its rate, and its pause.

use super::{gcra::GcraGate, limits::GcraRate};

/// The pause after 131057: Meta's upper bound.
pub(super) const MAINTENANCE_PAUSE: i64 = 60_000_000;
/// Lower limit of the rate in use, in thousandths.
const MIN_FACTOR: i64 = 100;
/// Time in which a reduced rate recovers by a thousandth of the full rate: half of it in 50 seconds.
const RECOVERY_STEP: i64 = 100_000;
/// Refusals within this time count once: their messages were in flight together.
const REFUSAL_WINDOW: i64 = 2_000_000;
/// Interval between reports of a change that is not applied: not every request while workers with the old and the new rate alternate.
const NOTIFY_INTERVAL: i64 = 5_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberState {
    pub gate: GcraGate,
    /// The interval in the last request.
    pub interval: i64,
    /// Thousandths by which the rate was reduced, and when.
    pub reduction: i64,
    pub lowered_at: i64,
    pub paused_until: i64,
    /// Reservations made before this are void (0: none), and when that was last reported.
    pub change: i64,
    pub notified: i64,
}

impl NumberState {
    /// Returns the thousandths of the rate in use.
    pub fn factor(&self, now: i64) -> i64 {
        let recovered = (now - self.lowered_at).max(0) / RECOVERY_STEP;
        1_000 - (self.reduction - recovered).max(0)
    }

    /// Sets the rate. A higher one voids the reservations, which would leave the number idle.
    pub fn set_rate(&mut self, now: i64, rate: GcraRate) {
        if rate.interval < self.interval && self.gate.has_long_queue(now) {
            self.clear_reservations(now);
        }
        self.interval = rate.interval;
    }

    pub fn clear_reservations(&mut self, now: i64) {
        self.gate.clear_queues();
        self.change = now;
    }

    /// Returns a change that is due to be reported.
    pub fn take_change(&mut self, now: i64) -> Option<i64> {
        let due = self.change > 0 && now - self.notified >= NOTIFY_INTERVAL;
        if due {
            self.notified = now;
        }
        due.then_some(self.change)
    }

    pub fn mark_applied(&mut self, change: i64) {
        if self.change <= change {
            self.change = 0;
        }
    }

    /// Error 130429: reduces the rate.
    pub fn throttled(&mut self, now: i64, rate: GcraRate) {
        if self.lowered_at > 0 && now - self.lowered_at < REFUSAL_WINDOW {
            return;
        }
        self.reduction = 1_000 - (self.factor(now) / 2).max(MIN_FACTOR);
        self.lowered_at = now;
        self.gate.tat = self.gate.tat.max(now + rate.slack);
    }

    /// Error 131057: pauses the number.
    pub fn pause(&mut self, now: i64, rate: GcraRate) {
        self.paused_until = self.paused_until.max(now + MAINTENANCE_PAUSE);
        self.gate.tat = self.gate.tat.max(self.paused_until + rate.slack);
    }
}
