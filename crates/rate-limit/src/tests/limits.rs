//! Property tests: no history of requests exceeds a limit.

use proptest::prelude::*;

use super::fixture::{MS, SECOND, number, request, slot};
use crate::{
    LimitedNumber, RateLimits,
    driver::{DriverRequest, LimiterFeedback},
    gcra::HORIZON,
    limits::GcraRate,
    memory::MemoryLimiter,
    pair::{BURST, INTERVAL},
};
use mainstay_core::domain::SendLane;

#[derive(Clone, Debug)]
struct Call {
    /// Since the previous call; calls arrive slightly out of order too.
    pause: i64,
    requests: Vec<(u8, usize, bool)>,
    received: u32,
    feedback: Option<u8>,
}

prop_compose! {
    fn call(recipients: u8)(
        pause in prop_oneof![3 => -20 * MS..60 * MS, 1 => 0..2 * SECOND],
        requests in prop::collection::vec((0..recipients, 0..3_usize, any::<bool>()), 0..60),
        received in prop_oneof![4 => Just(0), 1 => 0..100_u32],
        feedback in prop::option::weighted(0.05, 0..4_u8),
    ) -> Call {
        Call { pause, requests, received, feedback }
    }
}

/// Returns every slot with its recipient.
fn play(number: &LimitedNumber, calls: &[Call]) -> Vec<(i64, u8)> {
    let local = MemoryLimiter::default();
    let mut now = 1_790_000_000 * SECOND;
    let mut given = Vec::new();
    for call in calls {
        now += call.pause;
        let requests: Vec<DriverRequest> = call
            .requests
            .iter()
            .map(|(to, lane, has_reservation)| request([*to; 16], SendLane::ALL[*lane], *has_reservation))
            .collect();
        for (decision, (to, ..)) in local.reserve(number, now, &requests).each.iter().zip(&call.requests) {
            if let Some(at) = slot(decision) {
                assert!(
                    at >= now && at <= now + HORIZON,
                    "a slot lies at most half a second ahead"
                );
                given.push((at, *to));
            }
        }
        local.receive(number, now, call.received);
        match call.feedback {
            Some(0) => local.record_feedback(number, now, LimiterFeedback::Throttled),
            Some(1) => local.record_feedback(number, now, LimiterFeedback::Maintenance),
            Some(2) => local.record_feedback(number, now, LimiterFeedback::Refused([0; 16])),
            Some(_) => local.record_feedback(number, now, LimiterFeedback::Accepted([0; 16])),
            None => {}
        }
    }
    given
}

/// Returns the maximum number of times within an interval of this length.
fn densest(mut times: Vec<i64>, length: i64) -> i64 {
    times.sort_unstable();
    let within = |(n, from): (usize, &i64)| times.partition_point(|at| *at <= from + length) - n;
    times.iter().enumerate().map(within).max().unwrap_or(0) as i64
}

fn assert_rate(times: &[i64], rate: GcraRate, burst: i64) {
    for length in [0, rate.interval, SECOND / 10, SECOND, 10 * SECOND] {
        let most = length / rate.interval + burst;
        let found = densest(times.to_vec(), length);
        assert!(found <= most, "{found} in {length} µs, where {most} may be");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_interval_holds_more_slots_than_its_rate_and_the_burst(
        per_second in prop_oneof![Just(20.0), Just(80.0), Just(1_000.0), 0.5..2_000.0_f64],
        calls in prop::collection::vec(call(250), 1..150),
    ) {
        let number = number(RateLimits::at(per_second));
        let given: Vec<i64> = play(&number, &calls).into_iter().map(|(at, _)| at).collect();
        let rate = number.limits.rate();
        assert_rate(&given, rate, rate.slack / rate.interval + 1);
    }

    #[test]
    fn no_pair_gets_more_than_one_in_six_seconds_and_its_burst(calls in prop::collection::vec(call(3), 1..150)) {
        let given = play(&number(RateLimits::HIGH), &calls);
        for recipient in 0..3 {
            let times: Vec<i64> = given.iter().filter(|(_, to)| *to == recipient).map(|(at, _)| *at).collect();
            for length in [0, SECOND, INTERVAL, 10 * INTERVAL, 100 * INTERVAL] {
                prop_assert!(densest(times.clone(), length) <= length / INTERVAL + BURST);
            }
        }
    }

    #[test]
    fn a_tenant_gets_its_quota_over_a_second(
        quota in 1.0..100.0_f64,
        calls in prop::collection::vec(call(250), 1..150),
    ) {
        let limits = RateLimits { tenant_per_second: Some(quota), ..RateLimits::HIGH };
        let given: Vec<i64> = play(&number(limits), &calls).into_iter().map(|(at, _)| at).collect();
        let rate = GcraRate::of(quota);
        // A slot may be used as much earlier as the quota looks ahead.
        let ahead = HORIZON / rate.interval + 1;
        assert_rate(&given, rate, rate.slack / rate.interval + 1 + ahead);
    }
}
