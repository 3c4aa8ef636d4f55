//! The rules of a number's rate, its lanes and its tenant's quota.

use mainstay_test_macros::both_drivers;

use super::fixture::{LimiterFixture, MS, SECOND, assert_even, number, slot, slots, waits};
use crate::{LimitKind, LimitedNumber, RateLimits, driver::LimiterFeedback};
use mainstay_core::domain::SendLane::{Campaign, Reply, Transactional};

#[both_drivers]
async fn a_burst_leaves_at_once_and_the_rest_evenly(mut fixture: LimiterFixture) {
    let now = fixture.now;
    let found = slots(&fixture.ask(Reply, 20).await);
    let expected: Vec<i64> = (0..20).map(|n| now + (n - 3_i64).max(0) * 12_500).collect();
    assert_eq!(found, expected);
}

#[both_drivers]
async fn a_lane_takes_slots_only_so_far_ahead(mut fixture: LimiterFixture) {
    let now = fixture.now;
    for (lane, ahead) in [(Campaign, 250 * MS), (Transactional, 325 * MS), (Reply, 400 * MS)] {
        let found = slots(&fixture.ask(lane, 100).await);
        let last = *found.last().expect("each lane goes further than the one below");
        assert!(
            last <= now + ahead && last > now + ahead - fixture.rate().interval,
            "{lane:?}"
        );
    }
    assert!(slot(&fixture.ask_one(Reply).await).is_none());
}

#[both_drivers]
async fn reservations_are_one_interval_apart_and_find_a_slot_there(mut fixture: LimiterFixture) {
    let decisions = fixture.ask(Campaign, 1_000).await;
    let (mut found, reserved) = (slots(&decisions), waits(&decisions, LimitKind::Throughput));
    assert_eq!(found.len() + reserved.len(), 1_000);
    assert!(reserved.is_sorted() && reserved[0] > fixture.now);
    for at in reserved {
        fixture.now = at;
        let requests = [super::fixture::request(fixture.new_recipient(), Campaign, true)];
        let decision = fixture.decide(&requests).await.each[0];
        found.push(slot(&decision).expect("a reserved place is near a slot"));
    }
    assert_even(&mut found, fixture.rate());
    let spent = found[999] - found[0];
    assert!(spent <= 1_000 * 12_500, "{spent} µs");
}

#[both_drivers]
async fn newcomers_go_to_the_end_of_the_queue(mut fixture: LimiterFixture) {
    let first = waits(&fixture.ask(Campaign, 500).await, LimitKind::Throughput);
    let last = *first.last().expect("most wait");
    let next = waits(&fixture.ask(Campaign, 1).await, LimitKind::Throughput);
    assert_eq!(next, [last + 12_500]);
    // Lanes have queues of their own.
    assert!(slot(&fixture.ask_one(Transactional).await).is_some());
    assert!(slot(&fixture.ask_one(Reply).await).is_some());
}

#[both_drivers]
async fn a_slot_that_would_pass_unused_is_granted_without_a_reservation(mut fixture: LimiterFixture) {
    fixture.ask(Campaign, 500).await;
    fixture.now += SECOND;
    let decisions = fixture.ask(Campaign, 5).await;
    assert_eq!(slots(&decisions), [fixture.now; 4]);
    assert!(waits(&decisions, LimitKind::Throughput)[0] > fixture.now + 4 * SECOND);
}

#[both_drivers]
async fn an_abandoned_queue_is_cleared(mut fixture: LimiterFixture) {
    fixture.ask(Campaign, 5_000).await;
    fixture.now += 3 * SECOND;
    let decisions = fixture.ask(Campaign, 30).await;
    assert_eq!(slots(&decisions).len(), 24);
    assert!(waits(&decisions, LimitKind::Throughput)[5] < fixture.now + SECOND);
}

#[both_drivers]
async fn requests_without_a_slot_retry_soon_and_not_all_at_once(mut fixture: LimiterFixture) {
    let end = *waits(&fixture.ask(Campaign, 3_000).await, LimitKind::Throughput)
        .last()
        .expect("most wait");
    let requests: Vec<_> = (0..400)
        .map(|_| super::fixture::request(fixture.new_recipient(), Campaign, true))
        .collect();
    let mut again = waits(&fixture.decide(&requests).await.each, LimitKind::Throughput);
    assert_eq!(again.len(), 400);
    again.sort_unstable();
    let early = again.iter().filter(|at| **at < end).count();
    // Ten intervals apart as far as the queue goes, the others behind it.
    assert!((270..310).contains(&early), "{early}");
    assert!(again[0] < fixture.now + 100 * MS && again[early..].windows(3).all(|at| at[2] - at[0] >= 12_500));
    assert!(again[..early].windows(2).all(|at| at[1] - at[0] == 125 * MS));
}

#[both_drivers]
async fn received_messages_count(mut fixture: LimiterFixture) {
    fixture.receive(8).await;
    assert_eq!(
        slots(&fixture.ask(Campaign, 1).await),
        [fixture.now + 8 * 12_500 - fixture.rate().slack]
    );
    // At most 450 ms are used up, and one in ten is owed to replies.
    fixture.receive(1_000).await;
    let found = slots(&fixture.ask(Reply, 100).await);
    assert_eq!((found.len(), found[0]), (5, fixture.now + 450 * MS));
    fixture.receive(1_000).await;
    assert!(slot(&fixture.ask_one(Reply).await).is_none());
}

#[both_drivers]
async fn a_number_that_is_worked_on_rests_for_a_minute(mut fixture: LimiterFixture) {
    let end = fixture.now + 60 * SECOND;
    fixture.record_feedback(LimiterFeedback::Maintenance).await;
    fixture.now += 10 * SECOND;
    let at = waits(&fixture.ask(Reply, 300).await, LimitKind::Paused);
    assert!(at[0] > end - SECOND && at.windows(2).all(|at| at[1] - at[0] == 12_500));
    fixture.now = end - 300 * MS;
    let found = slots(&fixture.ask(Transactional, 1).await);
    assert_eq!(found, [end]);
    fixture.now = end + SECOND;
    let requests = [super::fixture::request(fixture.new_recipient(), Reply, true)];
    assert!(slot(&fixture.decide(&requests).await.each[0]).is_some());
}

#[both_drivers]
async fn a_refusal_halves_the_rate_once_and_it_comes_back(mut fixture: LimiterFixture) {
    for _ in 0..5 {
        fixture.record_feedback(LimiterFeedback::Throttled).await;
        fixture.now += 100 * MS;
    }
    assert_eq!(fixture.factor().await, 505);
    let found = slots(&fixture.ask(Reply, 10).await);
    assert!(found.windows(2).skip(2).all(|at| at[1] - at[0] > 24 * MS));
    fixture.now += 24_500 * MS;
    assert_eq!(fixture.factor().await, 750);
    fixture.record_feedback(LimiterFeedback::Throttled).await;
    assert_eq!(fixture.factor().await, 375);
    fixture.now += 70 * SECOND;
    assert_eq!(fixture.factor().await, 1_000);
}

#[both_drivers]
async fn the_rate_is_never_lowered_below_a_tenth(mut fixture: LimiterFixture) {
    for _ in 0..20 {
        fixture.record_feedback(LimiterFeedback::Throttled).await;
        fixture.now += 2 * SECOND;
    }
    assert_eq!(fixture.factor().await, 120);
    assert!(slot(&fixture.ask_one(Campaign).await).is_some());
}

#[both_drivers]
async fn numbers_do_not_disturb_each_other(mut fixture: LimiterFixture) {
    let other = LimitedNumber {
        tenant: fixture.number.tenant,
        ..number(RateLimits::STANDARD)
    };
    fixture.make_idle(&other).await;
    fixture.now += 10 * SECOND;
    fixture.ask(Reply, 500).await;
    fixture.record_feedback(LimiterFeedback::Maintenance).await;
    let requests = [super::fixture::request(fixture.new_recipient(), Campaign, false)];
    let decision = fixture.decide_for(&other, &requests).await.each[0];
    assert_eq!(slot(&decision), Some(fixture.now));
}

#[both_drivers]
async fn a_tenant_shares_its_quota_among_its_numbers(mut fixture: LimiterFixture) {
    let limits = RateLimits {
        tenant_per_second: Some(10.0),
        ..RateLimits::STANDARD
    };
    let one = LimitedNumber {
        limits,
        ..fixture.number
    };
    let other = LimitedNumber {
        limits,
        channel: number(limits).channel,
        ..one
    };
    fixture.make_idle(&other).await;
    fixture.now += 10 * SECOND;
    let requests: Vec<_> = (0..5)
        .map(|_| super::fixture::request(fixture.new_recipient(), Campaign, false))
        .collect();
    let decisions = fixture.decide_for(&one, &requests).await.each;
    let reserved = waits(&decisions, LimitKind::Tenant);
    assert_eq!((slots(&decisions).len(), reserved.len()), (3, 2));
    assert_eq!(reserved[1] - reserved[0], 100 * MS);
    let decisions = fixture.decide_for(&other, &requests).await.each;
    assert_eq!(
        waits(&decisions, LimitKind::Tenant),
        [2, 3, 4, 5, 6].map(|n| reserved[0] + n * 100 * MS)
    );
}
