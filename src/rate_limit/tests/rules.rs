use mainstay_test_macros::both_drivers;

use super::stage::{MS, SECOND, Stage, assert_even, number, slot, slots, waits};
use crate::{
    domain::SendLane::{Campaign, Reply, Transactional},
    rate_limit::{Limit, Number, Terms, driver::News},
};

#[both_drivers]
async fn a_burst_leaves_at_once_and_the_rest_evenly(mut stage: Stage) {
    let now = stage.now;
    let found = slots(&stage.ask(Reply, 20).await);
    let expected: Vec<i64> = (0..20).map(|n| now + (n - 3_i64).max(0) * 12_500).collect();
    assert_eq!(found, expected);
}

#[both_drivers]
async fn a_lane_takes_slots_only_so_far_ahead(mut stage: Stage) {
    let now = stage.now;
    for (lane, ahead) in [(Campaign, 250 * MS), (Transactional, 325 * MS), (Reply, 400 * MS)] {
        let found = slots(&stage.ask(lane, 100).await);
        let last = *found.last().expect("each lane goes further than the one below");
        assert!(
            last <= now + ahead && last > now + ahead - stage.pace().interval,
            "{lane:?}"
        );
    }
    assert!(slot(&stage.ask_one(Reply).await).is_none());
}

#[both_drivers]
async fn who_waits_is_promised_places_one_interval_apart_and_finds_a_slot_there(mut stage: Stage) {
    let verdicts = stage.ask(Campaign, 1_000).await;
    let (mut found, promised) = (slots(&verdicts), waits(&verdicts, Limit::Throughput));
    assert_eq!(found.len() + promised.len(), 1_000);
    assert!(promised.is_sorted() && promised[0] > stage.now);
    for at in promised {
        stage.now = at;
        let wants = [super::stage::want(stage.stranger(), Campaign, true)];
        let verdict = stage.decide(&wants).await.each[0];
        found.push(slot(&verdict).expect("a promised place is near a slot"));
    }
    assert_even(&mut found, stage.pace());
    let spent = found[999] - found[0];
    assert!(spent <= 1_000 * 12_500, "{spent} µs");
}

#[both_drivers]
async fn newcomers_go_to_the_end_of_the_queue(mut stage: Stage) {
    let first = waits(&stage.ask(Campaign, 500).await, Limit::Throughput);
    let last = *first.last().expect("most wait");
    let next = waits(&stage.ask(Campaign, 1).await, Limit::Throughput);
    assert_eq!(next, [last + 12_500]);
    // Those of other lanes have queues of their own, and a campaign's queue is not theirs.
    assert!(slot(&stage.ask_one(Transactional).await).is_some());
    assert!(slot(&stage.ask_one(Reply).await).is_some());
}

#[both_drivers]
async fn a_slot_that_would_pass_unused_is_given_to_whoever_is_there(mut stage: Stage) {
    stage.ask(Campaign, 500).await;
    stage.now += SECOND;
    let verdicts = stage.ask(Campaign, 5).await;
    assert_eq!(slots(&verdicts), [stage.now; 4]);
    assert!(waits(&verdicts, Limit::Throughput)[0] > stage.now + 4 * SECOND);
}

#[both_drivers]
async fn a_queue_nobody_comes_from_is_forgotten(mut stage: Stage) {
    stage.ask(Campaign, 5_000).await;
    stage.now += 3 * SECOND;
    let verdicts = stage.ask(Campaign, 30).await;
    assert_eq!(slots(&verdicts).len(), 24);
    assert!(waits(&verdicts, Limit::Throughput)[5] < stage.now + SECOND);
}

#[both_drivers]
async fn who_is_turned_away_comes_again_soon_and_not_all_at_once(mut stage: Stage) {
    let end = *waits(&stage.ask(Campaign, 3_000).await, Limit::Throughput)
        .last()
        .expect("most wait");
    let wants: Vec<_> = (0..400)
        .map(|_| super::stage::want(stage.stranger(), Campaign, true))
        .collect();
    let mut again = waits(&stage.decide(&wants).await.each, Limit::Throughput);
    assert_eq!(again.len(), 400);
    again.sort_unstable();
    let early = again.iter().filter(|at| **at < end).count();
    // Ten intervals apart as far as the queue goes, the others behind it.
    assert!((270..310).contains(&early), "{early}");
    assert!(again[0] < stage.now + 100 * MS && again[early..].windows(3).all(|at| at[2] - at[0] >= 12_500));
    assert!(again[..early].windows(2).all(|at| at[1] - at[0] == 125 * MS));
}

#[both_drivers]
async fn received_messages_count(mut stage: Stage) {
    stage.receive(8).await;
    assert_eq!(
        slots(&stage.ask(Campaign, 1).await),
        [stage.now + 8 * 12_500 - stage.pace().slack]
    );
    // However many come, not more than 450 ms are taken up, and one in ten is owed to replies.
    stage.receive(1_000).await;
    let found = slots(&stage.ask(Reply, 100).await);
    assert_eq!((found.len(), found[0]), (5, stage.now + 450 * MS));
    stage.receive(1_000).await;
    assert!(slot(&stage.ask_one(Reply).await).is_none());
}

#[both_drivers]
async fn a_number_that_is_worked_on_rests_for_a_minute(mut stage: Stage) {
    let end = stage.now + 60 * SECOND;
    stage.hear(News::Maintenance).await;
    stage.now += 10 * SECOND;
    let at = waits(&stage.ask(Reply, 300).await, Limit::Paused);
    assert!(at[0] > end - SECOND && at.windows(2).all(|at| at[1] - at[0] == 12_500));
    stage.now = end - 300 * MS;
    let found = slots(&stage.ask(Transactional, 1).await);
    assert_eq!(found, [end]);
    stage.now = end + SECOND;
    let wants = [super::stage::want(stage.stranger(), Reply, true)];
    assert!(slot(&stage.decide(&wants).await.each[0]).is_some());
}

#[both_drivers]
async fn a_refusal_halves_the_rate_once_and_it_comes_back(mut stage: Stage) {
    for _ in 0..5 {
        stage.hear(News::Throttled).await;
        stage.now += 100 * MS;
    }
    assert_eq!(stage.factor().await, 505);
    let found = slots(&stage.ask(Reply, 10).await);
    assert!(found.windows(2).skip(2).all(|at| at[1] - at[0] > 24 * MS));
    stage.now += 24_500 * MS;
    assert_eq!(stage.factor().await, 750);
    stage.hear(News::Throttled).await;
    assert_eq!(stage.factor().await, 375);
    stage.now += 70 * SECOND;
    assert_eq!(stage.factor().await, 1_000);
}

#[both_drivers]
async fn the_rate_is_never_lowered_below_a_tenth(mut stage: Stage) {
    for _ in 0..20 {
        stage.hear(News::Throttled).await;
        stage.now += 2 * SECOND;
    }
    assert_eq!(stage.factor().await, 120);
    assert!(slot(&stage.ask_one(Campaign).await).is_some());
}

#[both_drivers]
async fn numbers_do_not_disturb_each_other(mut stage: Stage) {
    let other = Number {
        tenant: stage.number.tenant,
        ..number(Terms::STANDARD)
    };
    stage.know(&other).await;
    stage.now += 10 * SECOND;
    stage.ask(Reply, 500).await;
    stage.hear(News::Maintenance).await;
    let wants = [super::stage::want(stage.stranger(), Campaign, false)];
    let verdict = stage.decide_for(&other, &wants).await.each[0];
    assert_eq!(slot(&verdict), Some(stage.now));
}

#[both_drivers]
async fn a_tenant_shares_its_quota_among_its_numbers(mut stage: Stage) {
    let terms = Terms {
        tenant_per_second: Some(10.0),
        ..Terms::STANDARD
    };
    let one = Number { terms, ..stage.number };
    let other = Number {
        terms,
        channel: number(terms).channel,
        ..one
    };
    stage.know(&other).await;
    stage.now += 10 * SECOND;
    let wants: Vec<_> = (0..5)
        .map(|_| super::stage::want(stage.stranger(), Campaign, false))
        .collect();
    let verdicts = stage.decide_for(&one, &wants).await.each;
    let promised = waits(&verdicts, Limit::Tenant);
    assert_eq!((slots(&verdicts).len(), promised.len()), (3, 2));
    assert_eq!(promised[1] - promised[0], 100 * MS);
    let verdicts = stage.decide_for(&other, &wants).await.each;
    assert_eq!(
        waits(&verdicts, Limit::Tenant),
        [2, 3, 4, 5, 6].map(|n| promised[0] + n * 100 * MS)
    );
}
