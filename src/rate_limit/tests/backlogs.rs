//! A hundred thousand messages wait for one number.

use mainstay_test_macros::both_drivers;

use super::{
    stage::{MS, SECOND, Stage, assert_even},
    world::World,
};
use crate::{
    domain::SendLane::{Campaign, Reply},
    rate_limit::{
        Terms,
        driver::{Driver, News},
    },
};

/// Everybody has left, in an even stream, in the time that the rate needs and 2 % more.
fn assert_done(world: &World, begun: i64) -> f64 {
    let mut slots = world.slots(None);
    assert_eq!(slots.len(), world.rows.len());
    let pace = world.stage.pace();
    assert_even(&mut slots, pace);
    let spent = (slots[slots.len() - 1] - begun) as f64;
    let needed = (slots.len() as i64 * pace.interval) as f64;
    let used = needed / spent;
    assert!(used > 0.99, "only {used:.4} of the rate was used");
    used
}

async fn backlog(stage: Stage, count: usize) {
    let begun = stage.now;
    let mut world = World::new(stage);
    world.add(Campaign, count, begun);
    world.run(i64::MAX).await;
    let used = assert_done(&world, begun);
    let asked = world.asked(Campaign);
    // Once to be told when, and 1.1 times to leave.
    assert!(asked < 2.12, "{asked:.3} times each");
    println!(
        "{count} at {:?}: {used:.4} used, asked {asked:.3} times, {} calls",
        world.stage.pace(),
        world.calls
    );
}

#[both_drivers]
async fn a_backlog_at_a_thousand_a_second_is_asked_for_twice_each_and_loses_no_time(stage: Stage) {
    backlog(stage.at(Terms::HIGH), 100_000).await;
}

#[both_drivers]
async fn a_backlog_of_a_slow_number_is_asked_for_twice_each_and_loses_no_time(stage: Stage) {
    let local = matches!(stage.driver, Driver::Local(_));
    backlog(stage, if local { 100_000 } else { 20_000 }).await;
}

#[tokio::test]
async fn a_backlog_at_twenty_a_second_loses_no_time() {
    backlog(Stage::local().await.at(Terms::COEXISTENCE), 5_000).await;
}

#[both_drivers]
async fn a_reply_amid_a_full_campaign_leaves_within_a_second(stage: Stage) {
    for terms in [Terms::HIGH, Terms::STANDARD, Terms::COEXISTENCE] {
        let stage = Stage::of(fresh(&stage), terms).await;
        let begun = stage.now;
        let mut world = World::new(stage);
        world.add(Campaign, 100_000, begun);
        world.add_evenly(Reply, terms.per_second / 10.0, begun + SECOND, begun + 15 * SECOND);
        world.run(begun + 20 * SECOND).await;
        let replies = world.rows.iter().filter(|row| row.lane == Reply);
        let waited = replies.map(|row| row.slot.expect("every reply left") - row.born).max();
        let waited = waited.expect("there were replies");
        assert!(waited < 600 * MS, "{terms:?}: {waited} µs");
        let used = world.slots(None).iter().filter(|at| **at < begun + 19 * SECOND).count();
        assert!(used as f64 > 0.99 * 19.0 * terms.per_second, "{terms:?}: {used}");
        assert_even(&mut world.slots(None), world.stage.pace());
    }
}

/// A driver of the same kind that knows nothing.
fn fresh(stage: &Stage) -> Driver {
    match stage.driver {
        Driver::Local(_) => Driver::local(),
        Driver::Redis(_) => super::stage::redis(&crate::queue::tests::servers::redis_url()),
    }
}

#[both_drivers]
async fn a_number_upgraded_amid_a_backlog_sends_at_its_new_rate_within_a_second(stage: Stage) {
    let begun = stage.now;
    let mut world = World::new(stage);
    world.add(Campaign, 20_000, begun);
    world.run(begun + 10 * SECOND).await;
    let upgraded = begun + 10 * SECOND;
    world.stage = world.stage.at(Terms::HIGH);
    world.run(i64::MAX).await;
    let after = world.count(Campaign, upgraded + SECOND, upgraded + 11 * SECOND);
    assert!(after >= 9_900, "{after} in ten seconds");
    assert!(world.asked(Campaign) < 3.1, "{}", world.asked(Campaign));
    assert_even(&mut world.slots(None), world.stage.pace());
}

#[both_drivers]
async fn a_number_degraded_amid_a_backlog_sends_at_its_new_rate_within_a_second(stage: Stage) {
    let begun = stage.now;
    let mut world = World::new(stage.at(Terms::HIGH));
    world.add(Campaign, 10_000, begun);
    world.run(begun + 5 * SECOND).await;
    world.stage = world.stage.at(Terms::STANDARD);
    let degraded = begun + 5 * SECOND;
    world.run(degraded + 10 * SECOND).await;
    let mut after: Vec<i64> = world
        .slots(None)
        .into_iter()
        .filter(|at| *at > degraded + SECOND)
        .collect();
    assert_even(&mut after, world.stage.pace());
    assert!(after.len() > 9 * 79, "{}", after.len());
}

#[tokio::test]
async fn replies_amid_a_backlog_cost_no_throughput_and_few_asks() {
    let stage = Stage::local().await.at(Terms::HIGH);
    let begun = stage.now;
    let mut world = World::new(stage);
    world.add(Campaign, 80_000, begun);
    world.add_evenly(Reply, 200.0, begun, begun + 95 * SECOND);
    world.run(i64::MAX).await;
    assert_done(&world, begun);
    let asked = world.asked(Campaign);
    println!("asked {asked:.3} times each");
    assert!(asked < 2.5, "{asked:.3} times each");
}

#[tokio::test]
async fn a_minute_of_maintenance_delays_a_backlog_by_a_minute() {
    let stage = Stage::local().await.at(Terms::HIGH);
    let begun = stage.now;
    let mut world = World::new(stage);
    world.add(Campaign, 100_000, begun);
    world.run(begun + 20 * SECOND).await;
    world.stage.hear(News::Maintenance).await;
    let paused = world.stage.now;
    world.run(i64::MAX).await;
    let mut slots = world.slots(None);
    assert_even(&mut slots, world.stage.pace());
    let resting = paused + 500 * MS..paused + 60 * SECOND;
    assert_eq!(slots.iter().filter(|at| resting.contains(at)).count(), 0);
    let spent = slots[slots.len() - 1] - begun;
    assert!(spent < 162 * SECOND, "{spent} µs");
    assert!(world.asked(Campaign) < 3.2, "{}", world.asked(Campaign));
}

#[tokio::test]
async fn a_lowered_rate_comes_back_and_finds_the_backlog_there() {
    let stage = Stage::local().await.at(Terms::HIGH);
    let begun = stage.now;
    stage.hear(News::Throttled).await;
    let mut world = World::new(stage);
    world.add(Campaign, 100_000, begun);
    world.run(i64::MAX).await;
    // Half of the rate came back in 50 seconds: a quarter of these was lost.
    let lost = 50 * SECOND / 4;
    let spent = world.slots(None).into_iter().max().expect("all left") - begun;
    let needed = 100 * SECOND + lost;
    assert!(spent > needed - SECOND && spent < needed + 2 * SECOND, "{spent} µs");
    assert!(world.asked(Campaign) < 2.6, "{}", world.asked(Campaign));
}
