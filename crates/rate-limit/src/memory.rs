//! The limiter's state in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    LimitKind, LimitedNumber,
    driver::{DriverRequest, LimiterFeedback, RecipientDigest, SlotDecision, SlotDecisions},
    gcra::GcraGate,
    limits::GcraRate,
    number_state::NumberState,
    pair::PairState,
};
use mainstay_core::domain::{ChannelId, TenantId};

/// A driver for a single process. Unlike a Redis that lost its data, it needs no waiting time at the start: slots granted before ended with
/// the previous process.
#[derive(Default)]
pub(super) struct MemoryLimiter(Mutex<States>);

#[derive(Default)]
struct States {
    numbers: HashMap<ChannelId, NumberState>,
    tenants: HashMap<TenantId, TenantState>,
    pairs: HashMap<(ChannelId, RecipientDigest), PairState>,
    /// Number of pairs at which expired ones are removed.
    sweep_at: usize,
}

/// The state of a tenant's quota.
#[derive(Default)]
struct TenantState {
    gate: GcraGate,
    /// The interval of the quota in the last request.
    interval: i64,
}

impl TenantState {
    /// Sets the quota and returns its gate. A higher one clears the queue, whose reservations would leave part of it unused; whoever raises
    /// it makes the waiting rows due.
    fn set_rate(&mut self, quota: GcraRate) -> &mut GcraGate {
        if quota.interval < self.interval {
            self.gate.clear_queues();
        }
        self.interval = quota.interval;
        &mut self.gate
    }
}

/// Minimum number of pairs worth a sweep.
const MIN_SWEEP_SIZE: usize = 1_024;

impl MemoryLimiter {
    pub fn reserve(&self, number: &LimitedNumber, now: i64, requests: &[DriverRequest]) -> SlotDecisions {
        let mut states = self.lock();
        states.sweep(now);
        let States {
            numbers,
            tenants,
            pairs,
            ..
        } = &mut *states;
        let state = numbers.entry(number.channel).or_default();
        let quota = number.limits.quota();
        let tenant = quota.map(|quota| (tenants.entry(number.tenant).or_default().set_rate(quota), quota));
        let mut decider = Decider::new(state, tenant, number.limits.rate(), now);
        let each = requests.iter().map(|request| {
            let pair = pairs.entry((number.channel, request.recipient)).or_default();
            decider.decide(request, pair)
        });
        let each = each.collect();
        let change = state.take_change(now);
        SlotDecisions { each, change }
    }

    pub fn receive(&self, number: &LimitedNumber, now: i64, count: u32) {
        let rate = number.limits.rate();
        self.with(number, |state| {
            let interval = rate.slowed(state.factor(now));
            state.gate.receive(now, rate, interval, i64::from(count));
        });
    }

    pub fn record_feedback(&self, number: &LimitedNumber, now: i64, feedback: LimiterFeedback) {
        let mut states = self.lock();
        let state = states.numbers.entry(number.channel).or_default();
        let rate = number.limits.rate();
        match feedback {
            LimiterFeedback::Throttled => state.throttled(now, rate),
            LimiterFeedback::Maintenance => state.pause(now, rate),
            LimiterFeedback::Refused(recipient) => {
                let pair = states.pairs.entry((number.channel, recipient)).or_default();
                pair.refused(now);
            }
            LimiterFeedback::Accepted(recipient) => {
                if let Some(pair) = states.pairs.get_mut(&(number.channel, recipient)) {
                    pair.strikes = 0;
                }
            }
        }
    }

    pub fn clear_reservations(&self, number: &LimitedNumber, now: i64) {
        self.with(number, |state| state.clear_reservations(now));
    }

    pub fn mark_applied(&self, number: &LimitedNumber, change: i64) {
        self.with(number, |state| state.mark_applied(change));
    }

    pub fn number_state(&self, number: &LimitedNumber) -> NumberState {
        self.with(number, |state| state.clone())
    }

    fn with<T>(&self, number: &LimitedNumber, run: impl FnOnce(&mut NumberState) -> T) -> T {
        run(self.lock().numbers.entry(number.channel).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn pairs(&self) -> usize {
        self.lock().pairs.len()
    }
}

impl States {
    fn sweep(&mut self, now: i64) {
        if self.pairs.len() >= self.sweep_at.max(MIN_SWEEP_SIZE) {
            self.pairs.retain(|_, pair| pair.expires_at() > now);
            self.sweep_at = 2 * self.pairs.len();
        }
    }
}

/// The state of a number while requests are decided.
struct Decider<'b> {
    now: i64,
    state: &'b mut NumberState,
    rate: GcraRate,
    /// The interval of the rate in use.
    interval: i64,
    tenant: Option<(&'b mut GcraGate, GcraRate)>,
}

impl<'b> Decider<'b> {
    fn new(
        state: &'b mut NumberState,
        mut tenant: Option<(&'b mut GcraGate, GcraRate)>,
        rate: GcraRate,
        now: i64,
    ) -> Self {
        state.set_rate(now, rate);
        state.gate.clear_if_idle(now);
        if let Some((gate, _)) = &mut tenant {
            gate.clear_if_idle(now);
        }
        Self {
            now,
            interval: rate.slowed(state.factor(now)),
            state,
            rate,
            tenant,
        }
    }

    /// Grants a slot if the number, the tenant and the pair allow it; otherwise none of them is used up.
    fn decide(&mut self, request: &DriverRequest, pair: &mut PairState) -> SlotDecision {
        let (now, rate, lane, has_reservation) = (self.now, self.rate, request.lane, request.has_reservation);
        let gate = &mut self.state.gate;
        let Some(at) = gate.free_slot(now, rate, lane, has_reservation) else {
            let at = gate.reserve(now, rate, lane, has_reservation);
            let is_paused = self.state.paused_until > now;
            let limit = if is_paused {
                LimitKind::Paused
            } else {
                LimitKind::Throughput
            };
            return SlotDecision::Later { at, limit };
        };
        if let Some((tenant, quota)) = &mut self.tenant
            && tenant.free_slot(now, *quota, lane, has_reservation).is_none()
        {
            let at = tenant.reserve(now, *quota, lane, has_reservation);
            let limit = LimitKind::Tenant;
            return SlotDecision::Later { at, limit };
        }
        if !pair.allows(at, now, has_reservation) {
            let at = pair.reserve();
            let limit = LimitKind::Pair;
            return SlotDecision::Later { at, limit };
        }
        gate.take_slot(now, rate, self.interval, lane);
        if let Some((tenant, quota)) = &mut self.tenant {
            tenant.take_slot(now, *quota, quota.interval, lane);
        }
        pair.take_slot(at, now);
        let trial = pair.strikes > 0;
        SlotDecision::Slot { at, trial }
    }
}
