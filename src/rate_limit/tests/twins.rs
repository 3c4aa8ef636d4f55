//! The two drivers are played the same history and must answer the same, to the microsecond.

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};

use super::stage::{MS, SECOND, Stage, want};
use crate::{
    domain::SendLane,
    rate_limit::{
        Number, Terms,
        driver::{News, Want},
        tests::stage::number,
    },
};

#[derive(Clone, Debug)]
enum Step {
    Pass(i64),
    Reserve(Vec<(u8, usize, bool)>),
    Receive(u32),
    Hear(u8, u8),
    Requeue,
    Applied,
    Terms(usize),
    Other,
}

fn step() -> impl Strategy<Value = Step> {
    let want = (0..12_u8, 0..3_usize, any::<bool>());
    prop_oneof![
        4 => prop_oneof![-10 * MS..200 * MS, 0..5 * SECOND, Just(61 * SECOND)].prop_map(Step::Pass),
        8 => prop::collection::vec(want, 1..80).prop_map(Step::Reserve),
        2 => (0..60_u32).prop_map(Step::Receive),
        2 => (0..4_u8, 0..12_u8).prop_map(|(news, of)| Step::Hear(news, of)),
        1 => Just(Step::Requeue),
        1 => Just(Step::Applied),
        2 => (0..TERMS.len()).prop_map(Step::Terms),
        1 => Just(Step::Other),
    ]
}

const TERMS: [Terms; 6] = [
    Terms::STANDARD,
    Terms::HIGH,
    Terms::COEXISTENCE,
    Terms::at(3.3),
    Terms {
        per_second: 80.0,
        tenant_per_second: Some(12.5),
    },
    Terms {
        per_second: 80.0,
        tenant_per_second: Some(30.0),
    },
];

async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut local = Stage::local().await;
    let redis = Stage::redis().await;
    local.number = redis.number;
    local.know(&local.number).await;
    let mut numbers = [redis.number, number(Terms::STANDARD)];
    numbers[1].tenant = numbers[0].tenant;
    for stage in [&local, &redis] {
        stage.know(&numbers[1]).await;
    }
    let mut now = redis.now + 10 * SECOND;
    let mut change = 0;
    for step in steps {
        let number: Number = numbers[0];
        let (one, other) = (&local.driver, &redis.driver);
        match &step {
            Step::Pass(time) => now += time,
            Step::Terms(n) => numbers[0].terms = TERMS[*n],
            Step::Other => numbers.swap(0, 1),
            Step::Reserve(wants) => {
                let wants: Vec<Want> = wants
                    .iter()
                    .map(|(to, lane, promised)| want([*to; 16], SendLane::ALL[*lane], *promised))
                    .collect();
                let expected = one.reserve(&number, now, &wants).await.expect("memory answers");
                let found = other.reserve(&number, now, &wants).await.expect("Redis answers");
                change = expected.change.unwrap_or(change);
                prop_assert_eq!(expected, found);
            }
            Step::Receive(count) => {
                for driver in [one, other] {
                    driver.receive(&number, now, *count).await.expect("it answers");
                }
            }
            Step::Hear(news, of) => {
                let news = [
                    News::Throttled,
                    News::Maintenance,
                    News::Refused([*of; 16]),
                    News::Accepted([*of; 16]),
                ][usize::from(*news)];
                for driver in [one, other] {
                    driver.hear(&number, now, news).await.expect("it answers");
                }
            }
            Step::Requeue => {
                for driver in [one, other] {
                    driver.requeue(&number, now).await.expect("it answers");
                }
            }
            Step::Applied => {
                for driver in [one, other] {
                    driver.applied(&number, change).await.expect("it answers");
                }
            }
        }
    }
    for number in &numbers {
        let mut expected = local.driver.book(number).await.expect("memory answers");
        let mut found = redis.driver.book(number).await.expect("Redis answers");
        // They came to know the numbers at different times.
        let known = redis.now + 9 * SECOND;
        for book in [&mut expected, &mut found] {
            book.gate.tat = book.gate.tat.max(known);
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
