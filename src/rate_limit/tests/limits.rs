//! No limit is exceeded, whoever asks for whatever at whatever time.

use proptest::prelude::*;

use super::stage::{MS, SECOND, number, slot, want};
use crate::{
    domain::SendLane,
    rate_limit::{
        Number, Terms,
        driver::{News, Want},
        gate::HORIZON,
        local::Local,
        pair::{BURST, INTERVAL},
        terms::Pace,
    },
};

#[derive(Clone, Debug)]
struct Call {
    /// Since the call before; calls arrive a little out of order too.
    pause: i64,
    wants: Vec<(u8, usize, bool)>,
    received: u32,
    news: Option<u8>,
}

prop_compose! {
    fn call(recipients: u8)(
        pause in prop_oneof![3 => -20 * MS..60 * MS, 1 => 0..2 * SECOND],
        wants in prop::collection::vec((0..recipients, 0..3_usize, any::<bool>()), 0..60),
        received in prop_oneof![4 => Just(0), 1 => 0..100_u32],
        news in prop::option::weighted(0.05, 0..4_u8),
    ) -> Call {
        Call { pause, wants, received, news }
    }
}

/// Every slot with its recipient.
fn play(number: &Number, calls: &[Call]) -> Vec<(i64, u8)> {
    let local = Local::default();
    let mut now = 1_790_000_000 * SECOND;
    let mut given = Vec::new();
    for call in calls {
        now += call.pause;
        let wants: Vec<Want> = call
            .wants
            .iter()
            .map(|(to, lane, promised)| want([*to; 16], SendLane::ALL[*lane], *promised))
            .collect();
        for (verdict, (to, ..)) in local.reserve(number, now, &wants).each.iter().zip(&call.wants) {
            if let Some(at) = slot(verdict) {
                assert!(
                    at >= now && at <= now + HORIZON,
                    "a slot lies at most half a second ahead"
                );
                given.push((at, *to));
            }
        }
        local.receive(number, now, call.received);
        match call.news {
            Some(0) => local.hear(number, now, News::Throttled),
            Some(1) => local.hear(number, now, News::Maintenance),
            Some(2) => local.hear(number, now, News::Refused([0; 16])),
            Some(_) => local.hear(number, now, News::Accepted([0; 16])),
            None => {}
        }
    }
    given
}

/// The most times that lie within any interval of this length.
fn densest(mut times: Vec<i64>, length: i64) -> i64 {
    times.sort_unstable();
    let within = |(n, from): (usize, &i64)| times.partition_point(|at| *at <= from + length) - n;
    times.iter().enumerate().map(within).max().unwrap_or(0) as i64
}

fn assert_rate(times: &[i64], pace: Pace, burst: i64) {
    for length in [0, pace.interval, SECOND / 10, SECOND, 10 * SECOND] {
        let most = length / pace.interval + burst;
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
        let number = number(Terms::at(per_second));
        let given: Vec<i64> = play(&number, &calls).into_iter().map(|(at, _)| at).collect();
        let pace = number.terms.pace();
        assert_rate(&given, pace, pace.slack / pace.interval + 1);
    }

    #[test]
    fn no_pair_gets_more_than_one_in_six_seconds_and_its_burst(calls in prop::collection::vec(call(3), 1..150)) {
        let given = play(&number(Terms::HIGH), &calls);
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
        let terms = Terms { tenant_per_second: Some(quota), ..Terms::HIGH };
        let given: Vec<i64> = play(&number(terms), &calls).into_iter().map(|(at, _)| at).collect();
        let pace = Pace::of(quota);
        // A slot may be used as much earlier as the quota looks ahead.
        let ahead = HORIZON / pace.interval + 1;
        assert_rate(&given, pace, pace.slack / pace.interval + 1 + ahead);
    }
}
