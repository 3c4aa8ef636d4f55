//! More is asked for in every lane than the number can send.

use mainstay_test_macros::both_drivers;

use super::{
    stage::{MS, SECOND, Stage, assert_even},
    world::World,
};
use crate::{
    domain::SendLane::{self, Campaign, Reply, Transactional},
    rate_limit::Terms,
};

const FROM: i64 = 10 * SECOND;
const TO: i64 = 40 * SECOND;

/// The parts that the lanes got, once things have settled.
async fn parts(stage: Stage, lanes: &[SendLane], terms: Terms) -> [f64; 3] {
    let begun = stage.now;
    let mut world = World::new(stage.at(terms));
    for lane in lanes {
        if *lane == Reply {
            // Replies come one by one, half as many again as the number can send.
            world.add_evenly(Reply, 1.5 * terms.per_second, begun, begun + TO);
        } else {
            world.add(*lane, 50 * terms.per_second as usize, begun);
        }
    }
    world.run(begun + TO).await;
    assert_even(&mut world.slots(None), world.stage.pace());
    let possible = (TO - FROM) as f64 / world.stage.pace().interval as f64;
    let parts = SendLane::ALL.map(|lane| world.count(lane, begun + FROM, begun + TO) as f64 / possible);
    println!("{lanes:?} at {}: {parts:.3?}, {} calls", terms.per_second, world.calls);
    assert!(parts.iter().sum::<f64>() > 0.97, "{parts:?}");
    parts
}

#[both_drivers]
async fn campaigns_keep_a_tenth_when_replies_take_all_they_can(stage: Stage) {
    let [replies, _, campaigns] = parts(stage, &[Reply, Campaign], Terms::STANDARD).await;
    assert!(replies > 0.87 && campaigns > 0.095, "{replies} {campaigns}");
}

#[both_drivers]
async fn transactional_messages_go_before_campaigns_and_leave_them_a_tenth(stage: Stage) {
    let [_, transactional, campaigns] = parts(stage, &[Transactional, Campaign], Terms::STANDARD).await;
    assert!(transactional > 0.87 && campaigns > 0.095, "{transactional} {campaigns}");
}

#[both_drivers]
async fn all_lanes_at_once_go_in_their_order_and_none_starves(stage: Stage) {
    let [replies, transactional, campaigns] = parts(stage, &SendLane::ALL, Terms::at(200.0)).await;
    assert!(replies > 0.87 && transactional > 0.07 && campaigns > 0.008);
}

#[both_drivers]
async fn replies_keep_a_tenth_when_customers_write_all_the_time(stage: Stage) {
    let begun = stage.now;
    let mut world = World::new(stage);
    world.add_evenly(Reply, 40.0, begun, begun + TO);
    // A hundred a second, more than the number may exchange; for nine of them one reply may leave.
    for _ in 0..TO / (40 * MS) {
        world.stage.receive(4).await;
        let next = world.stage.now + 40 * MS;
        world.run(next).await;
    }
    let replies = world.count(Reply, begun + FROM, begun + TO) as f64;
    let possible = ((TO - FROM) / world.stage.pace().interval) as f64;
    let part = replies / possible;
    assert!(part > 0.13 && part < 0.15, "{part}");
}

#[tokio::test]
async fn the_shares_hold_at_every_rate() {
    for per_second in [20.0, 80.0, 1_000.0] {
        let terms = Terms::at(per_second);
        let [replies, _, campaigns] = parts(Stage::local().await, &[Reply, Campaign], terms).await;
        assert!(
            replies > 0.86 && campaigns > 0.09,
            "{per_second}: {replies} {campaigns}"
        );
    }
}
