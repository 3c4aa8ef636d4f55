use chrono::{DateTime, Utc};

use super::{LimitedNumber, number_state::NumberState, time};
use mainstay_core::domain::SendLane;

/// The state of a number, for display.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Messages per second at present: Meta's limit, less the reduction by 130429.
    pub per_second: f64,
    /// The share of the rate in use: 1, or less for a while after 130429.
    pub factor: f64,
    /// End of a maintenance by Meta (131057).
    pub paused_until: Option<DateTime<Utc>>,
    /// Per lane: when a message requested now would be sent.
    pub next_slot: [DateTime<Utc>; 3],
}

impl View {
    pub(super) fn of(state: &NumberState, number: &LimitedNumber, now: i64) -> Self {
        let rate = number.limits.rate();
        let factor = state.factor(now);
        Self {
            per_second: 1e6 / rate.slowed(factor) as f64,
            factor: factor as f64 / 1e3,
            paused_until: (state.paused_until > now).then(|| time(state.paused_until)),
            next_slot: SendLane::ALL.map(|lane| time(state.gate.estimated_slot(now, rate, lane))),
        }
    }
}
