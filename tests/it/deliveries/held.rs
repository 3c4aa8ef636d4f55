//! Endpoints that ask by `Retry-After` to be left alone.

use std::time::Duration;

use chrono::TimeDelta;
use mainstay::{domain::Ctx, housekeeping, webhooks::EndpointChanges};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World},
};
use crate::support::wait::wait_until;

fn later(status: u16, seconds: u32) -> Reply {
    Reply::Answer(status, vec![("Retry-After", seconds.to_string())], String::new())
}

#[both_sizes]
async fn who_asks_to_be_left_alone_gets_nothing_until_then_and_then_one_at_a_time(world: World) {
    const LATE: Duration = Duration::from_millis(100);
    let busy = Receiver::doing(|_, _| later(429, 1_800)).await;
    let endpoint = world.endpoint(&busy).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    let neighbour = Receiver::start().await;
    let beside = world.endpoint(&neighbour).await;
    let until = world.standing(endpoint).await.health.probe_at.unwrap();
    let events: Vec<_> = (0..20).map(|_| world.event()).collect();
    world.happen(&events).await;
    world.until(beside, "done", 20).await;
    world.clock.advance(until - world.clock.now() - TimeDelta::seconds(30));
    world.one().await;
    world.until(beside, "done", 21).await;
    housekeeping::reconcile(&world.running.app).await.unwrap();
    assert_eq!(busy.count(), 1, "whatever is due, nobody calls before the time");

    busy.now_does(|_, n| Reply::Late(LATE, if n == 1 { 500 } else { 200 }));
    world.clock.advance(TimeDelta::seconds(30));
    wait_until(DEADLINE, "it is tried", async || busy.count() >= 3).await;
    let requests = busy.requests();
    assert!(
        requests[2].at - requests[1].at >= LATE,
        "one at a time until one was taken"
    );
    world.clock.advance(TimeDelta::seconds(10));
    world.until(endpoint, "done", 22).await;
    assert!(busy.most_under_way() > 1, "and then as many as it takes");
    assert_eq!(world.standing(endpoint).await.health.probe_at, None);
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_is_left_alone_for_an_hour_at_most_and_its_delivery_for_as_long_as_it_says(world: World) {
    let busy = Receiver::doing(|_, n| if n == 0 { later(503, 80_000) } else { Reply::status(200) }).await;
    let endpoint = world.endpoint(&busy).await;
    let begun = world.clock.now();
    world.one().await;
    let asked = world.until_attempts(endpoint, 1).await;
    assert!(asked.due_at - begun >= TimeDelta::seconds(80_000), "{asked:?}");
    world.one().await;
    world.clock.advance(TimeDelta::minutes(61));
    let all = world.until(endpoint, "done", 1).await;
    assert_eq!((all[0].state.as_str(), all[1].state.as_str()), ("pending", "done"));
    world.end().await;
}

#[both_sizes]
async fn a_person_who_tests_or_enables_an_endpoint_need_not_wait_until_then(world: World) {
    let busy = Receiver::doing(|_, _| later(503, 1_800)).await;
    let endpoint = world.endpoint(&busy).await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    world.one().await;
    world
        .subscriptions
        .test(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    wait_until(DEADLINE, "the test comes first", async || busy.count() == 2).await;
    assert_eq!(busy.requests()[1].json()["type"], "endpoint.test");
    wait_until(DEADLINE, "it asks again", async || {
        world.number("SELECT COUNT(*) FROM delivery_attempts").await == 2
    })
    .await;
    busy.now_does(|_, _| Reply::status(200));
    let enable = EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    };
    world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, enable)
        .await
        .unwrap();
    world.until(endpoint, "done", 3).await;
    world.end().await;
}
