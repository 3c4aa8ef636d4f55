use mainstay_test_macros::both_drivers;

use super::stage::{MS, SECOND, Stage, slots, waits};
use crate::{
    clock::Clock,
    domain::SendLane::{self, Campaign, Reply},
    queue::tests::servers,
    rate_limit::{Answer, Ask, Grant, Limit, Number, RateLimiter, Terms, tests::stage::number},
};

async fn change(stage: &mut Stage) -> Option<i64> {
    let wants = [super::stage::want(stage.stranger(), Campaign, false)];
    stage.decide(&wants).await.change
}

#[both_drivers]
async fn a_faster_number_forgets_its_queue_and_says_so_until_somebody_has_acted(mut stage: Stage) {
    stage.ask(Campaign, 10_000).await;
    stage.now += SECOND;
    assert_eq!(change(&mut stage).await, None);
    let mut stage = stage.at(Terms::HIGH);
    let at = stage.now;
    assert_eq!(change(&mut stage).await, Some(at));
    // Ten thousand at a thousand a second: whoever asks anew leaves within ten seconds.
    let last = *waits(&stage.ask(Campaign, 10_000).await, Limit::Throughput)
        .last()
        .expect("most wait");
    assert!(last < at + 10 * SECOND);
    stage.now += 4 * SECOND;
    assert_eq!(change(&mut stage).await, None);
    stage.now += SECOND;
    assert_eq!(change(&mut stage).await, Some(at));
    let applied = stage.driver.applied(&stage.number, at).await;
    applied.expect("the driver answers");
    stage.now += 6 * SECOND;
    assert_eq!(change(&mut stage).await, None);
}

#[both_drivers]
async fn a_slower_number_is_slower_at_once_and_says_nothing(stage: Stage) {
    let mut stage = stage.at(Terms::HIGH);
    stage.ask(Campaign, 10_000).await;
    let mut stage = stage.at(Terms::STANDARD);
    assert_eq!(change(&mut stage).await, None);
    stage.now += 300 * MS;
    let found = slots(&stage.ask(Reply, 50).await);
    assert!(found.len() < 40 && found.windows(2).skip(4).all(|at| at[1] - at[0] == 12_500));
}

#[both_drivers]
async fn a_number_without_a_queue_changes_without_a_word(mut stage: Stage) {
    stage.ask(Reply, 10).await;
    let mut stage = stage.at(Terms::HIGH);
    assert_eq!(change(&mut stage).await, None);
}

#[both_drivers]
async fn a_queue_can_be_opened_anew_on_request(mut stage: Stage) {
    stage.ask(Campaign, 10_000).await;
    let at = stage.now;
    let requeued = stage.driver.requeue(&stage.number, at).await;
    requeued.expect("the driver answers");
    assert_eq!(change(&mut stage).await, Some(at));
    assert!(waits(&stage.ask(Campaign, 10).await, Limit::Throughput)[9] < stage.now + SECOND);
}

#[both_drivers]
async fn an_act_upon_an_older_change_does_not_settle_a_newer_one(mut stage: Stage) {
    let first = stage.now;
    for at in [first, first + SECOND] {
        stage.now = at;
        let requeued = stage.driver.requeue(&stage.number, at).await;
        requeued.expect("the driver answers");
    }
    let applied = stage.driver.applied(&stage.number, first).await;
    applied.expect("the driver answers");
    assert_eq!(change(&mut stage).await, Some(first + SECOND));
}

#[both_drivers]
async fn workers_that_disagree_for_a_moment_cause_no_flood_of_changes(mut stage: Stage) {
    let (old, new) = (
        stage.number,
        Number {
            terms: Terms::HIGH,
            ..stage.number
        },
    );
    let mut told = 0;
    for _ in 0..50 {
        for number in [old, new] {
            stage.number = number;
            told += usize::from(change(&mut stage).await.is_some());
            let wants: Vec<_> = (0..200)
                .map(|_| super::stage::want(stage.stranger(), Campaign, false))
                .collect();
            told += usize::from(stage.decide(&wants).await.change.is_some());
            stage.now += 10 * MS;
        }
    }
    assert_eq!(told, 1);
    stage.now += 5 * SECOND;
    assert!(change(&mut stage).await.is_some());
}

fn asks(number: Number, lane: SendLane, count: usize) -> Vec<Ask> {
    let ask = |n| Ask {
        number,
        recipient: format!("49151{n:07}"),
        lane,
        promised: false,
    };
    (0..count).map(ask).collect()
}

/// What a caller sees of it, with the time that programs use.
async fn promised_rows_are_called_for_when_a_number_is_upgraded(governor: RateLimiter) {
    let slow = number(Terms::STANDARD);
    let fast = Number {
        terms: Terms::HIGH,
        ..slow
    };
    let reserve = async |asks: Vec<Ask>| governor.reserve(&asks).await.expect("it answers");
    reserve(asks(slow, Campaign, 1_000)).await;
    let grants = reserve(asks(fast, Campaign, 1_000)).await;
    let change = governor.changed().await;
    assert_eq!(change.number, fast);
    let last = grants.iter().map(|grant| match grant {
        Grant::Slot(at) | Grant::Later { at, .. } => *at,
    });
    assert!(last.max().expect("a thousand") < change.at + chrono::TimeDelta::seconds(2));
    governor.applied(&change).await.expect("it answers");
    let view = governor.view(&fast).await.expect("it answers");
    assert_eq!((view.per_second, view.factor, view.paused_until), (1_000.0, 1.0, None));
    assert!(view.next_slot[0] < view.next_slot[2]);
    let answered = governor.answered(&fast, "4915100", Answer::Maintenance).await;
    answered.expect("it answers");
    let view = governor.view(&fast).await.expect("it answers");
    assert!(view.paused_until.is_some_and(|until| view.next_slot[0] >= until));
}

#[tokio::test]
async fn promised_rows_are_called_for_when_a_number_is_upgraded_local() {
    promised_rows_are_called_for_when_a_number_is_upgraded(RateLimiter::local(Clock::default())).await;
}

#[tokio::test]
async fn promised_rows_are_called_for_when_a_number_is_upgraded_redis() {
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let governor = RateLimiter::redis(&servers::redis_url(), &prefix, Clock::default());
    promised_rows_are_called_for_when_a_number_is_upgraded(governor.expect("a URL of Redis")).await;
}

#[tokio::test]
async fn grants_come_in_the_order_of_the_asks_and_replies_are_looked_at_first() {
    let governor = RateLimiter::local(Clock::default());
    let (one, other) = (number(Terms::STANDARD), number(Terms::STANDARD));
    let mut mixed = Vec::new();
    for (number, lane) in [(one, Campaign), (other, Reply), (one, Reply)] {
        mixed.extend(asks(number, lane, 30));
    }
    let grants = governor.reserve(&mixed).await.expect("it answers");
    let left = |range: std::ops::Range<usize>| grants[range].iter().filter(|it| matches!(it, Grant::Slot(_))).count();
    assert_eq!(grants.len(), 90);
    assert_eq!((left(0..30), left(30..60), left(60..90)), (0, 30, 30));
}
