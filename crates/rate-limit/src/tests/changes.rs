//! Rate changes and their reports.

use mainstay_test_macros::both_drivers;

use super::fixture::{LimiterFixture, MS, SECOND, slots, waits};
use crate::{
    Grant, LimitKind, LimitedNumber, MetaFeedback, RateLimiter, RateLimits, SlotRequest, tests::fixture::number,
};
use mainstay_core::{
    clock::Clock,
    domain::SendLane::{self, Campaign, Reply},
};
use mainstay_test_servers::redis_url;

async fn change(fixture: &mut LimiterFixture) -> Option<i64> {
    let requests = [super::fixture::request(fixture.new_recipient(), Campaign, false)];
    fixture.decide(&requests).await.change
}

#[both_drivers]
async fn a_faster_number_clears_its_queue_and_reports_it_until_applied(mut fixture: LimiterFixture) {
    fixture.ask(Campaign, 10_000).await;
    fixture.now += SECOND;
    assert_eq!(change(&mut fixture).await, None);
    let mut fixture = fixture.at(RateLimits::HIGH);
    let at = fixture.now;
    assert_eq!(change(&mut fixture).await, Some(at));
    // Ten thousand at a thousand per second: all are sent within ten seconds of the change.
    let last = *waits(&fixture.ask(Campaign, 10_000).await, LimitKind::Throughput)
        .last()
        .expect("most wait");
    assert!(last < at + 10 * SECOND);
    fixture.now += 4 * SECOND;
    assert_eq!(change(&mut fixture).await, None);
    fixture.now += SECOND;
    assert_eq!(change(&mut fixture).await, Some(at));
    let applied = fixture.driver.mark_applied(&fixture.number, at).await;
    applied.expect("the driver answers");
    fixture.now += 6 * SECOND;
    assert_eq!(change(&mut fixture).await, None);
}

#[both_drivers]
async fn a_slower_number_is_slower_at_once_and_says_nothing(fixture: LimiterFixture) {
    let mut fixture = fixture.at(RateLimits::HIGH);
    fixture.ask(Campaign, 10_000).await;
    let mut fixture = fixture.at(RateLimits::STANDARD);
    assert_eq!(change(&mut fixture).await, None);
    fixture.now += 300 * MS;
    let found = slots(&fixture.ask(Reply, 50).await);
    assert!(found.len() < 40 && found.windows(2).skip(4).all(|at| at[1] - at[0] == 12_500));
}

#[both_drivers]
async fn a_number_without_a_queue_changes_without_a_report(mut fixture: LimiterFixture) {
    fixture.ask(Reply, 10).await;
    let mut fixture = fixture.at(RateLimits::HIGH);
    assert_eq!(change(&mut fixture).await, None);
}

#[both_drivers]
async fn a_queue_can_be_opened_anew_on_request(mut fixture: LimiterFixture) {
    fixture.ask(Campaign, 10_000).await;
    let at = fixture.now;
    let requeued = fixture.driver.clear_reservations(&fixture.number, at).await;
    requeued.expect("the driver answers");
    assert_eq!(change(&mut fixture).await, Some(at));
    assert!(waits(&fixture.ask(Campaign, 10).await, LimitKind::Throughput)[9] < fixture.now + SECOND);
}

#[both_drivers]
async fn an_act_upon_an_older_change_does_not_settle_a_newer_one(mut fixture: LimiterFixture) {
    let first = fixture.now;
    for at in [first, first + SECOND] {
        fixture.now = at;
        let requeued = fixture.driver.clear_reservations(&fixture.number, at).await;
        requeued.expect("the driver answers");
    }
    let applied = fixture.driver.mark_applied(&fixture.number, first).await;
    applied.expect("the driver answers");
    assert_eq!(change(&mut fixture).await, Some(first + SECOND));
}

#[both_drivers]
async fn workers_that_disagree_for_a_moment_cause_no_flood_of_changes(mut fixture: LimiterFixture) {
    let (old, new) = (
        fixture.number,
        LimitedNumber {
            limits: RateLimits::HIGH,
            ..fixture.number
        },
    );
    let mut reported = 0;
    for _ in 0..50 {
        for number in [old, new] {
            fixture.number = number;
            reported += usize::from(change(&mut fixture).await.is_some());
            let requests: Vec<_> = (0..200)
                .map(|_| super::fixture::request(fixture.new_recipient(), Campaign, false))
                .collect();
            reported += usize::from(fixture.decide(&requests).await.change.is_some());
            fixture.now += 10 * MS;
        }
    }
    assert_eq!(reported, 1);
    fixture.now += 5 * SECOND;
    assert!(change(&mut fixture).await.is_some());
}

fn requests(number: LimitedNumber, lane: SendLane, count: usize) -> Vec<SlotRequest> {
    let request = |n| SlotRequest {
        number,
        recipient: format!("49151{n:07}"),
        lane,
        has_reservation: false,
    };
    (0..count).map(request).collect()
}

/// The change as a caller sees it, in real time.
async fn reserved_rows_become_due_when_a_number_is_upgraded(limiter: RateLimiter) {
    let slow = number(RateLimits::STANDARD);
    let fast = LimitedNumber {
        limits: RateLimits::HIGH,
        ..slow
    };
    let reserve = async |requests: Vec<SlotRequest>| limiter.reserve(&requests).await.expect("it answers");
    reserve(requests(slow, Campaign, 1_000)).await;
    let grants = reserve(requests(fast, Campaign, 1_000)).await;
    let change = limiter.next_change().await;
    assert_eq!(change.number, fast);
    let last = grants.iter().map(|grant| match grant {
        Grant::Slot(at) | Grant::Later { at, .. } => *at,
    });
    assert!(last.max().expect("a thousand") < change.at + chrono::TimeDelta::seconds(2));
    limiter.mark_applied(&change).await.expect("it answers");
    let view = limiter.view(&fast).await.expect("it answers");
    assert_eq!((view.per_second, view.factor, view.paused_until), (1_000.0, 1.0, None));
    assert!(view.next_slot[0] < view.next_slot[2]);
    let answered = limiter
        .record_feedback(&fast, "4915100", MetaFeedback::Maintenance)
        .await;
    answered.expect("it answers");
    let view = limiter.view(&fast).await.expect("it answers");
    assert!(view.paused_until.is_some_and(|until| view.next_slot[0] >= until));
}

#[tokio::test]
async fn reserved_rows_become_due_when_a_number_is_upgraded_in_memory() {
    reserved_rows_become_due_when_a_number_is_upgraded(RateLimiter::in_memory(Clock::default())).await;
}

#[tokio::test]
async fn reserved_rows_become_due_when_a_number_is_upgraded_redis() {
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let limiter = RateLimiter::redis(&redis_url(), &prefix, Clock::default());
    reserved_rows_become_due_when_a_number_is_upgraded(limiter.expect("a URL of Redis")).await;
}

#[tokio::test]
async fn grants_come_in_the_order_of_the_requests_and_replies_are_decided_first() {
    let limiter = RateLimiter::in_memory(Clock::default());
    let (one, other) = (number(RateLimits::STANDARD), number(RateLimits::STANDARD));
    let mut mixed = Vec::new();
    for (number, lane) in [(one, Campaign), (other, Reply), (one, Reply)] {
        mixed.extend(requests(number, lane, 30));
    }
    let grants = limiter.reserve(&mixed).await.expect("it answers");
    let left = |range: std::ops::Range<usize>| grants[range].iter().filter(|it| matches!(it, Grant::Slot(_))).count();
    assert_eq!(grants.len(), 90);
    assert_eq!((left(0..30), left(30..60), left(60..90)), (0, 30, 30));
}
