//! A hundred thousand messages wait for one number.

use mainstay_test_macros::both_drivers;

use super::{
    fixture::{LimiterFixture, MS, SECOND, assert_even},
    simulation::Simulation,
};
use crate::{
    RateLimits,
    driver::{LimiterDriver, LimiterFeedback},
};
use mainstay_core::domain::SendLane::{Campaign, Reply};

/// Asserts that all were sent, evenly, in the time that the rate needs plus 2 %.
fn assert_done(simulation: &Simulation, begun: i64) -> f64 {
    let mut slots = simulation.slots(None);
    assert_eq!(slots.len(), simulation.rows.len());
    let rate = simulation.fixture.rate();
    assert_even(&mut slots, rate);
    let spent = (slots[slots.len() - 1] - begun) as f64;
    let needed = (slots.len() as i64 * rate.interval) as f64;
    let used = needed / spent;
    assert!(used > 0.99, "only {used:.4} of the rate was used");
    used
}

async fn backlog(fixture: LimiterFixture, count: usize) {
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, count, begun);
    simulation.run(i64::MAX).await;
    let used = assert_done(&simulation, begun);
    let asked = simulation.asked(Campaign);
    // One request for the reservation, and 1.1 for the slot.
    assert!(asked < 2.12, "{asked:.3} times each");
    println!(
        "{count} at {:?}: {used:.4} used, asked {asked:.3} times, {} calls",
        simulation.fixture.rate(),
        simulation.calls
    );
}

#[both_drivers]
async fn a_backlog_at_a_thousand_a_second_takes_two_requests_per_message_and_loses_no_time(fixture: LimiterFixture) {
    backlog(fixture.at(RateLimits::HIGH), 100_000).await;
}

#[both_drivers]
async fn a_backlog_of_a_slow_number_takes_two_requests_per_message_and_loses_no_time(fixture: LimiterFixture) {
    let local = matches!(fixture.driver, LimiterDriver::Memory(_));
    backlog(fixture, if local { 100_000 } else { 20_000 }).await;
}

#[tokio::test]
async fn a_backlog_at_twenty_a_second_loses_no_time() {
    backlog(LimiterFixture::local().await.at(RateLimits::COEXISTENCE), 5_000).await;
}

#[both_drivers]
async fn a_reply_amid_a_full_campaign_leaves_within_a_second(fixture: LimiterFixture) {
    for limits in [RateLimits::HIGH, RateLimits::STANDARD, RateLimits::COEXISTENCE] {
        let fixture = LimiterFixture::of(fresh(&fixture), limits).await;
        let begun = fixture.now;
        let mut simulation = Simulation::new(fixture);
        simulation.add(Campaign, 100_000, begun);
        simulation.add_evenly(Reply, limits.per_second / 10.0, begun + SECOND, begun + 15 * SECOND);
        simulation.run(begun + 20 * SECOND).await;
        let replies = simulation.rows.iter().filter(|row| row.lane == Reply);
        let waited = replies.map(|row| row.slot.expect("every reply left") - row.born).max();
        let waited = waited.expect("there were replies");
        assert!(waited < 600 * MS, "{limits:?}: {waited} µs");
        let used = simulation
            .slots(None)
            .iter()
            .filter(|at| **at < begun + 19 * SECOND)
            .count();
        assert!(used as f64 > 0.99 * 19.0 * limits.per_second, "{limits:?}: {used}");
        assert_even(&mut simulation.slots(None), simulation.fixture.rate());
    }
}

/// Returns an empty driver of the same kind.
fn fresh(fixture: &LimiterFixture) -> LimiterDriver {
    match fixture.driver {
        LimiterDriver::Memory(_) => LimiterDriver::in_memory(),
        LimiterDriver::Redis(_) => super::fixture::redis(&mainstay_test_servers::redis_url()),
    }
}

#[both_drivers]
async fn a_number_upgraded_amid_a_backlog_sends_at_its_new_rate_within_a_second(fixture: LimiterFixture) {
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, 20_000, begun);
    simulation.run(begun + 10 * SECOND).await;
    let upgraded = begun + 10 * SECOND;
    simulation.fixture = simulation.fixture.at(RateLimits::HIGH);
    simulation.run(i64::MAX).await;
    let after = simulation.count(Campaign, upgraded + SECOND, upgraded + 11 * SECOND);
    assert!(after >= 9_900, "{after} in ten seconds");
    assert!(simulation.asked(Campaign) < 3.1, "{}", simulation.asked(Campaign));
    assert_even(&mut simulation.slots(None), simulation.fixture.rate());
}

#[both_drivers]
async fn a_number_degraded_amid_a_backlog_sends_at_its_new_rate_within_a_second(fixture: LimiterFixture) {
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture.at(RateLimits::HIGH));
    simulation.add(Campaign, 10_000, begun);
    simulation.run(begun + 5 * SECOND).await;
    simulation.fixture = simulation.fixture.at(RateLimits::STANDARD);
    let degraded = begun + 5 * SECOND;
    simulation.run(degraded + 10 * SECOND).await;
    let mut after: Vec<i64> = simulation
        .slots(None)
        .into_iter()
        .filter(|at| *at > degraded + SECOND)
        .collect();
    assert_even(&mut after, simulation.fixture.rate());
    assert!(after.len() > 9 * 79, "{}", after.len());
}

#[tokio::test]
async fn replies_amid_a_backlog_cost_no_throughput_and_few_requests() {
    let fixture = LimiterFixture::local().await.at(RateLimits::HIGH);
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, 80_000, begun);
    simulation.add_evenly(Reply, 200.0, begun, begun + 95 * SECOND);
    simulation.run(i64::MAX).await;
    assert_done(&simulation, begun);
    let asked = simulation.asked(Campaign);
    println!("asked {asked:.3} times each");
    assert!(asked < 2.5, "{asked:.3} times each");
}

#[tokio::test]
async fn a_minute_of_maintenance_delays_a_backlog_by_a_minute() {
    let fixture = LimiterFixture::local().await.at(RateLimits::HIGH);
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, 100_000, begun);
    simulation.run(begun + 20 * SECOND).await;
    simulation.fixture.record_feedback(LimiterFeedback::Maintenance).await;
    let paused = simulation.fixture.now;
    simulation.run(i64::MAX).await;
    let mut slots = simulation.slots(None);
    assert_even(&mut slots, simulation.fixture.rate());
    let resting = paused + 500 * MS..paused + 60 * SECOND;
    assert_eq!(slots.iter().filter(|at| resting.contains(at)).count(), 0);
    let spent = slots[slots.len() - 1] - begun;
    assert!(spent < 162 * SECOND, "{spent} µs");
    assert!(simulation.asked(Campaign) < 3.2, "{}", simulation.asked(Campaign));
}

#[tokio::test]
async fn a_lowered_rate_comes_back_and_finds_the_backlog_there() {
    let fixture = LimiterFixture::local().await.at(RateLimits::HIGH);
    let begun = fixture.now;
    fixture.record_feedback(LimiterFeedback::Throttled).await;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, 100_000, begun);
    simulation.run(i64::MAX).await;
    // Half of the rate recovered in 50 seconds: a quarter of these was lost.
    let lost = 50 * SECOND / 4;
    let spent = simulation.slots(None).into_iter().max().expect("all left") - begun;
    let needed = 100 * SECOND + lost;
    assert!(spent > needed - SECOND && spent < needed + 2 * SECOND, "{spent} µs");
    assert!(simulation.asked(Campaign) < 2.6, "{}", simulation.asked(Campaign));
}
