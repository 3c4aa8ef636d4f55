//! Both drivers are played the same history and must answer the same, to the microsecond.

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};

use super::fixture::{LimiterFixture, MS, SECOND, request};
use crate::{
    LimitedNumber, RateLimits,
    driver::{DriverRequest, LimiterFeedback},
    tests::fixture::number,
};
use mainstay_core::domain::SendLane;

#[derive(Clone, Debug)]
enum Step {
    Pass(i64),
    Reserve(Vec<(u8, usize, bool)>),
    Receive(u32),
    Feedback(u8, u8),
    ClearReservations,
    Applied,
    RateLimits(usize),
    Other,
}

fn step() -> impl Strategy<Value = Step> {
    let request = (0..12_u8, 0..3_usize, any::<bool>());
    prop_oneof![
        4 => prop_oneof![-10 * MS..200 * MS, 0..5 * SECOND, Just(61 * SECOND)].prop_map(Step::Pass),
        8 => prop::collection::vec(request, 1..80).prop_map(Step::Reserve),
        2 => (0..60_u32).prop_map(Step::Receive),
        2 => (0..4_u8, 0..12_u8).prop_map(|(feedback, of)| Step::Feedback(feedback, of)),
        1 => Just(Step::ClearReservations),
        1 => Just(Step::Applied),
        2 => (0..LIMITS.len()).prop_map(Step::RateLimits),
        1 => Just(Step::Other),
    ]
}

const LIMITS: [RateLimits; 6] = [
    RateLimits::STANDARD,
    RateLimits::HIGH,
    RateLimits::COEXISTENCE,
    RateLimits::at(3.3),
    RateLimits {
        per_second: 80.0,
        tenant_per_second: Some(12.5),
    },
    RateLimits {
        per_second: 80.0,
        tenant_per_second: Some(30.0),
    },
];

async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut local = LimiterFixture::local().await;
    let redis = LimiterFixture::redis().await;
    local.number = redis.number;
    local.make_idle(&local.number).await;
    let mut numbers = [redis.number, number(RateLimits::STANDARD)];
    numbers[1].tenant = numbers[0].tenant;
    for fixture in [&local, &redis] {
        fixture.make_idle(&numbers[1]).await;
    }
    let mut now = redis.now + 10 * SECOND;
    let mut change = 0;
    for step in steps {
        let number: LimitedNumber = numbers[0];
        let (one, other) = (&local.driver, &redis.driver);
        match &step {
            Step::Pass(time) => now += time,
            Step::RateLimits(n) => numbers[0].limits = LIMITS[*n],
            Step::Other => numbers.swap(0, 1),
            Step::Reserve(requests) => {
                let requests: Vec<DriverRequest> = requests
                    .iter()
                    .map(|(to, lane, has_reservation)| request([*to; 16], SendLane::ALL[*lane], *has_reservation))
                    .collect();
                let expected = one.reserve(&number, now, &requests).await.expect("memory answers");
                let found = other.reserve(&number, now, &requests).await.expect("Redis answers");
                change = expected.change.unwrap_or(change);
                prop_assert_eq!(expected, found);
            }
            Step::Receive(count) => {
                for driver in [one, other] {
                    driver.receive(&number, now, *count).await.expect("it answers");
                }
            }
            Step::Feedback(feedback, of) => {
                let feedback = [
                    LimiterFeedback::Throttled,
                    LimiterFeedback::Maintenance,
                    LimiterFeedback::Refused([*of; 16]),
                    LimiterFeedback::Accepted([*of; 16]),
                ][usize::from(*feedback)];
                for driver in [one, other] {
                    driver
                        .record_feedback(&number, now, feedback)
                        .await
                        .expect("it answers");
                }
            }
            Step::ClearReservations => {
                for driver in [one, other] {
                    driver.clear_reservations(&number, now).await.expect("it answers");
                }
            }
            Step::Applied => {
                for driver in [one, other] {
                    driver.mark_applied(&number, change).await.expect("it answers");
                }
            }
        }
    }
    for number in &numbers {
        let mut expected = local.driver.number_state(number).await.expect("memory answers");
        let mut found = redis.driver.number_state(number).await.expect("Redis answers");
        // The drivers came to know the numbers at different times.
        let known = redis.now + 9 * SECOND;
        for state in [&mut expected, &mut found] {
            state.gate.tat = state.gate.tat.max(known);
        }
        prop_assert_eq!(expected, found);
    }
    Ok(())
}

#[test]
fn both_drivers_give_the_same_answers() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let steps = prop::collection::vec(step(), 1..60);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(150)
    };
    TestRunner::new(config)
        .run(&steps, |steps| runtime.block_on(play(steps)))
        .expect("the same answers");
}
