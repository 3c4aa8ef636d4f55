//! A driver with a simulated clock, and checks of its decisions.

use crate::{
    LimitKind, LimitedNumber, RateLimits,
    driver::{DriverRequest, LimiterDriver, LimiterFeedback, RecipientDigest, SlotDecision, SlotDecisions},
    limits::GcraRate,
};
use mainstay_core::domain::{ChannelId, Id, SendLane, TenantId};
use mainstay_test_servers::redis_url;

pub const MS: i64 = 1_000;
pub const SECOND: i64 = 1_000_000;
const BEGIN: i64 = 1_790_000_000 * SECOND;

/// A driver, a number known to it for a while, and a clock that only the test moves.
pub struct LimiterFixture {
    pub driver: LimiterDriver,
    pub number: LimitedNumber,
    pub now: i64,
    strangers: u128,
}

pub fn number(limits: RateLimits) -> LimitedNumber {
    let id = || uuid::Uuid::from_u128(rand::random());
    LimitedNumber {
        tenant: TenantId::from_uuid(id()),
        channel: ChannelId::from_uuid(id()),
        limits,
    }
}

pub fn redis(url: &str) -> LimiterDriver {
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    LimiterDriver::redis(url, &prefix).expect("a URL of Redis")
}

impl LimiterFixture {
    pub async fn local() -> Self {
        Self::of(LimiterDriver::in_memory(), RateLimits::STANDARD).await
    }

    pub async fn redis() -> Self {
        Self::of(redis(&redis_url()), RateLimits::STANDARD).await
    }

    pub async fn of(driver: LimiterDriver, limits: RateLimits) -> Self {
        let fixture = Self {
            driver,
            number: number(limits),
            now: BEGIN,
            strangers: 0,
        };
        fixture.make_idle(&fixture.number).await;
        fixture.after(10 * SECOND)
    }

    /// Makes the driver know the number; it has been idle for long once the clock moved on.
    pub async fn make_idle(&self, number: &LimitedNumber) {
        let known = self.driver.receive(number, self.now, 0).await;
        known.expect("the driver answers");
    }

    pub fn at(self, limits: RateLimits) -> Self {
        let number = LimitedNumber { limits, ..self.number };
        Self { number, ..self }
    }

    pub fn after(self, time: i64) -> Self {
        let now = self.now + time;
        Self { now, ..self }
    }

    pub fn rate(&self) -> GcraRate {
        self.number.limits.rate()
    }

    /// Returns a recipient without a state.
    pub fn new_recipient(&mut self) -> RecipientDigest {
        self.strangers += 1;
        self.strangers.to_be_bytes()
    }

    pub async fn decide(&self, requests: &[DriverRequest]) -> SlotDecisions {
        self.decide_for(&self.number, requests).await
    }

    pub async fn decide_for(&self, number: &LimitedNumber, requests: &[DriverRequest]) -> SlotDecisions {
        let decisions = self.driver.reserve(number, self.now, requests).await;
        decisions.expect("the driver answers")
    }

    /// Requests slots without reservation in one lane, each for another recipient.
    pub async fn ask(&mut self, lane: SendLane, count: usize) -> Vec<SlotDecision> {
        let requests: Vec<DriverRequest> = (0..count).map(|_| request(self.new_recipient(), lane, false)).collect();
        let mut each = Vec::new();
        for requests in requests.chunks(100) {
            each.extend(self.decide(requests).await.each);
        }
        each
    }

    pub async fn ask_one(&mut self, lane: SendLane) -> SlotDecision {
        self.ask(lane, 1).await[0]
    }

    pub async fn record_feedback(&self, feedback: LimiterFeedback) {
        let recorded = self.driver.record_feedback(&self.number, self.now, feedback).await;
        recorded.expect("the driver answers");
    }

    pub async fn receive(&self, count: u32) {
        let received = self.driver.receive(&self.number, self.now, count).await;
        received.expect("the driver answers");
    }

    /// Returns the thousandths of the rate in use.
    pub async fn factor(&self) -> i64 {
        let state = self.driver.number_state(&self.number).await;
        state.expect("the driver answers").factor(self.now)
    }
}

pub fn request(recipient: RecipientDigest, lane: SendLane, has_reservation: bool) -> DriverRequest {
    DriverRequest {
        recipient,
        lane,
        has_reservation,
    }
}

pub fn slot(decision: &SlotDecision) -> Option<i64> {
    match decision {
        SlotDecision::Slot { at, .. } => Some(*at),
        SlotDecision::Later { .. } => None,
    }
}

pub fn slots(decisions: &[SlotDecision]) -> Vec<i64> {
    decisions.iter().filter_map(slot).collect()
}

/// Returns the retry times, which must all have the given limit.
pub fn waits(decisions: &[SlotDecision], limit: LimitKind) -> Vec<i64> {
    let later = |decision: &SlotDecision| match decision {
        SlotDecision::Slot { .. } => None,
        SlotDecision::Later { at, limit: found } => {
            assert_eq!(*found, limit);
            Some(*at)
        }
    };
    decisions.iter().filter_map(later).collect()
}

/// Asserts that each interval holds at most its length × rate + burst of these times.
pub fn assert_even(times: &mut [i64], rate: GcraRate) {
    if let Some(excess) = worst_excess(times, rate) {
        panic!("{excess} µs too early at {rate:?}");
    }
}

/// Returns by how much a time lies before its theoretical arrival time, at worst.
pub fn worst_excess(times: &mut [i64], rate: GcraRate) -> Option<i64> {
    times.sort_unstable();
    let (mut tat, mut worst) = (i64::MIN / 2, 0);
    for at in times {
        worst = worst.max(tat - rate.slack - *at);
        tat = tat.max(*at) + rate.interval;
    }
    (worst > 0).then_some(worst)
}
