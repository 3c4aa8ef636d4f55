//! Every lane requests more than the number can send.

use mainstay_test_macros::both_drivers;

use super::{
    fixture::{LimiterFixture, MS, SECOND, assert_even},
    simulation::Simulation,
};
use crate::RateLimits;
use mainstay_core::domain::SendLane::{self, Campaign, Reply, Transactional};

const FROM: i64 = 10 * SECOND;
const TO: i64 = 40 * SECOND;

/// Returns the shares of the lanes, once settled.
async fn parts(fixture: LimiterFixture, lanes: &[SendLane], limits: RateLimits) -> [f64; 3] {
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture.at(limits));
    for lane in lanes {
        if *lane == Reply {
            // Replies come one by one, half as many again as the number can send.
            simulation.add_evenly(Reply, 1.5 * limits.per_second, begun, begun + TO);
        } else {
            simulation.add(*lane, 50 * limits.per_second as usize, begun);
        }
    }
    simulation.run(begun + TO).await;
    assert_even(&mut simulation.slots(None), simulation.fixture.rate());
    let possible = (TO - FROM) as f64 / simulation.fixture.rate().interval as f64;
    let parts = SendLane::ALL.map(|lane| simulation.count(lane, begun + FROM, begun + TO) as f64 / possible);
    println!(
        "{lanes:?} at {}: {parts:.3?}, {} calls",
        limits.per_second, simulation.calls
    );
    assert!(parts.iter().sum::<f64>() > 0.97, "{parts:?}");
    parts
}

#[both_drivers]
async fn campaigns_keep_a_tenth_when_replies_take_all_they_can(fixture: LimiterFixture) {
    let [replies, _, campaigns] = parts(fixture, &[Reply, Campaign], RateLimits::STANDARD).await;
    assert!(replies > 0.87 && campaigns > 0.095, "{replies} {campaigns}");
}

#[both_drivers]
async fn transactional_messages_go_before_campaigns_and_leave_them_a_tenth(fixture: LimiterFixture) {
    let [_, transactional, campaigns] = parts(fixture, &[Transactional, Campaign], RateLimits::STANDARD).await;
    assert!(transactional > 0.87 && campaigns > 0.095, "{transactional} {campaigns}");
}

#[both_drivers]
async fn all_lanes_at_once_go_in_their_order_and_none_starves(fixture: LimiterFixture) {
    let [replies, transactional, campaigns] = parts(fixture, &SendLane::ALL, RateLimits::at(200.0)).await;
    assert!(replies > 0.87 && transactional > 0.07 && campaigns > 0.008);
}

#[both_drivers]
async fn replies_keep_a_tenth_when_customers_write_all_the_time(fixture: LimiterFixture) {
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add_evenly(Reply, 40.0, begun, begun + TO);
    // A hundred a second, more than the number may exchange; for nine of them one reply may be sent.
    for _ in 0..TO / (40 * MS) {
        simulation.fixture.receive(4).await;
        let next = simulation.fixture.now + 40 * MS;
        simulation.run(next).await;
    }
    let replies = simulation.count(Reply, begun + FROM, begun + TO) as f64;
    let possible = ((TO - FROM) / simulation.fixture.rate().interval) as f64;
    let part = replies / possible;
    assert!(part > 0.13 && part < 0.15, "{part}");
}

#[tokio::test]
async fn the_shares_hold_at_every_rate() {
    for per_second in [20.0, 80.0, 1_000.0] {
        let limits = RateLimits::at(per_second);
        let [replies, _, campaigns] = parts(LimiterFixture::local().await, &[Reply, Campaign], limits).await;
        assert!(
            replies > 0.86 && campaigns > 0.09,
            "{per_second}: {replies} {campaigns}"
        );
    }
}
