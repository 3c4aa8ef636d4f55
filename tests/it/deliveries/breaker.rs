//! Endpoints that are not there: they cost little, slow nobody down, and in the end nothing is sent there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use mainstay::{
    domain::Ctx,
    housekeeping,
    webhooks::{EndpointChanges, dispatcher::BREAKER},
};
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, World},
};
use crate::{events::schema, support::wait::wait_until};

/// Waiting for a dead endpoint.
const BACKLOG: usize = 5_000;
const FAILURES: usize = BREAKER as usize;

async fn fill(world: &World, count: usize) {
    for _ in 0..count / 500 {
        let events: Vec<_> = (0..500).map(|_| world.event()).collect();
        world.happen(&events).await;
    }
}

#[both_sizes]
async fn a_dead_endpoint_with_a_large_backlog_costs_one_probe_at_a_time_and_its_neighbours_nothing(world: World) {
    let there = Arc::new(AtomicBool::new(false));
    let state = there.clone();
    let dead = Receiver::doing(move |_, _| Reply::status(if state.load(Ordering::SeqCst) { 200 } else { 503 })).await;
    let neighbour = Receiver::start().await;
    let endpoint = world.endpoint(&dead).await;
    fill(&world, BACKLOG).await;
    wait_until(DEADLINE, "the breaker opens", async || {
        world.standing(endpoint).await.health.tripped_at.is_some()
    })
    .await;
    let tried = dead.count();
    assert_eq!(
        tried, FAILURES,
        "until one has succeeded no more are under way than open the breaker"
    );
    assert_eq!(
        world.number("SELECT COUNT(*) FROM deliveries WHERE attempts = 0").await,
        (BACKLOG - tried) as i64
    );
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM deliveries WHERE state = 'pending'")
            .await,
        BACKLOG as i64
    );

    let beside = world.endpoint(&neighbour).await;
    fill(&world, 500).await;
    world.until(beside, "done", 500).await;
    assert_eq!(dead.count(), tried, "nothing is sent there before its time");
    for n in 1..=3 {
        world.clock.advance(TimeDelta::minutes(6));
        wait_until(DEADLINE, "a probe is sent", async || dead.count() >= tried + n).await;
        wait_until(DEADLINE, "it failed", async || {
            world.standing(endpoint).await.health.probes == n as i64
        })
        .await;
        assert_eq!(dead.count(), tried + n, "one probe at a time");
    }
    there.store(true, Ordering::SeqCst);
    world.clock.advance(TimeDelta::minutes(6));
    wait_until(DEADLINE * 2, "all of it is delivered", async || {
        world
            .number("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'")
            .await
            == 0
    })
    .await;
    assert!(world.standing(endpoint).await.health.tripped_at.is_none());
    world.end().await;
}

#[both_sizes]
async fn what_was_under_way_when_the_breaker_opened_is_no_probe(world: World) {
    const RUNNING: &str = "SELECT COUNT(*) FROM endpoint_jobs WHERE state = 'running'";
    let blip = Receiver::doing(|_, n| match n {
        0 => Reply::status(200),
        _ => Reply::Late(Duration::from_millis(400), 503),
    })
    .await;
    let endpoint = world
        .endpoint_with(&blip, |new| new.max_concurrent = Some(100))
        .await
        .id;
    fill(&world, 500).await;
    wait_until(DEADLINE, "the breaker opens", async || {
        world.standing(endpoint).await.health.tripped_at.is_some()
    })
    .await;
    wait_until(DEADLINE, "nothing is under way", async || {
        world.number(RUNNING).await == 0
    })
    .await;
    assert!(blip.most_under_way() > 2 * FAILURES, "{}", blip.most_under_way());
    assert_eq!(world.standing(endpoint).await.health.probes, 0);
    world.end().await;
}

#[both_sizes]
async fn what_a_person_asks_for_is_the_next_probe(world: World) {
    let dead = Receiver::doing(|_, _| Reply::status(503)).await;
    let endpoint = world.endpoint(&dead).await;
    fill(&world, 500).await;
    let probes = async || world.standing(endpoint).await.health.probes;
    wait_until(DEADLINE, "the breaker opens", async || {
        world.standing(endpoint).await.health.tripped_at.is_some()
    })
    .await;
    let test = world
        .subscriptions
        .test(&Ctx::operator(world.tenant), endpoint)
        .await
        .unwrap();
    wait_until(DEADLINE, "it is tried", async || probes().await == 1).await;
    assert_eq!(dead.requests()[FAILURES].json()["type"], "endpoint.test");
    assert_eq!(world.attempts(test).await.len(), 1);
    let last = world
        .deliveries(endpoint)
        .await
        .into_iter()
        .rfind(|it| it.attempts == 0)
        .unwrap();
    dead.now_does(|_, _| Reply::status(200));
    world
        .subscriptions
        .retry(&Ctx::operator(world.tenant), last.id)
        .await
        .unwrap();
    wait_until(DEADLINE, "the breaker closes", async || {
        world.standing(endpoint).await.health.tripped_at.is_none()
    })
    .await;
    assert_eq!(dead.requests()[FAILURES + 1].id(), last.event_id.to_string());
    world.end().await;
}

#[both_sizes]
async fn who_enables_an_endpoint_that_is_enabled_has_it_tried_as_if_it_had_never_failed(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::status(500)).await;
    let endpoint = world.endpoint(&receiver).await;
    fill(&world, 500).await;
    wait_until(DEADLINE, "the breaker opens", async || {
        world.standing(endpoint).await.health.tripped_at.is_some()
    })
    .await;
    receiver.now_does(|_, _| Reply::status(200));
    let enable = EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    };
    let enabled = world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, enable)
        .await
        .unwrap();
    assert_eq!((enabled.health.tripped_at, enabled.health.probe_at), (None, None));
    world.until(endpoint, "done", 500).await;
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_that_hangs_slows_no_other_down(world: World) {
    let hanging = Receiver::doing(|_, _| Reply::Hang).await;
    let neighbours = [Receiver::start().await, Receiver::start().await];
    let endpoint = world
        .endpoint_with(&hanging, |new| new.max_concurrent = Some(100))
        .await;
    for neighbour in &neighbours {
        world.endpoint(neighbour).await;
    }
    fill(&world, 1_000).await;
    for neighbour in &neighbours {
        wait_until(DEADLINE, "the neighbours have theirs", async || {
            neighbour.count() == 1_000
        })
        .await;
    }
    wait_until(DEADLINE, "the breaker opens", async || {
        world.standing(endpoint.id).await.health.tripped_at.is_some()
    })
    .await;
    world.end().await;
}

#[both_sizes]
async fn after_five_days_of_nothing_but_failures_nothing_is_sent_and_half_of_it_is_a_warning(world: World) {
    let (dead, watcher) = (
        Receiver::doing(|_, _| Reply::status(500)).await,
        Receiver::start().await,
    );
    let endpoint = world.endpoint(&dead).await;
    let watching = world
        .endpoint_with(&watcher, |new| new.event_types = vec!["endpoint.*".to_owned()])
        .await;
    world.one().await;
    world.until_attempts(endpoint, 1).await;
    let kinds = async || -> Vec<String> {
        world
            .deliveries(watching.id)
            .await
            .into_iter()
            .map(|it| it.kind)
            .collect()
    };
    let mut days = 0;
    while world.standing(endpoint).await.is_enabled() {
        let before = dead.count();
        world.clock.advance(TimeDelta::hours(12));
        days += 1;
        assert!(days < 20, "it goes on for ever");
        // One delivery is dead after three days; the endpoint is asked again when there is another.
        world.one().await;
        wait_until(DEADLINE, "it is tried again", async || dead.count() > before).await;
        wait_until(DEADLINE, "that is written", async || {
            world
                .number("SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'status'")
                .await
                >= dead.count() as i64
        })
        .await;
        let told = kinds().await;
        let expected: &[&str] = match days {
            ..5 => &[],
            5..10 => &["endpoint.failing"],
            _ => &["endpoint.failing", "endpoint.disabled"],
        };
        assert_eq!(told, expected, "after {days} half days");
    }
    assert_eq!(days, 10);
    world.until(watching.id, "done", 2).await;
    let standing = world.standing(endpoint).await;
    assert!(standing.disabled_reason.unwrap().contains("five days"));
    let (data, requests) = (watcher.requests()[1].json()["data"].clone(), dead.count());
    assert_eq!(data["endpoint_id"], endpoint.to_string());
    schema::hold("endpoint.disabled", &data);
    schema::hold("endpoint.failing", &watcher.requests()[0].json()["data"]);
    let neighbour = Receiver::start().await;
    let beside = world.endpoint(&neighbour).await;
    world.clock.advance(TimeDelta::days(1));
    world.one().await;
    world.until(beside, "done", 1).await;
    housekeeping::reconcile(&world.running.app).await.unwrap();
    assert_eq!(dead.count(), requests, "nothing is sent there any more");
    world.end().await;
}
