//! Whatever an endpoint answers, or does not.

use mainstay::domain::Ctx;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use mainstay::webhooks::EndpointChanges;
use mainstay_test_macros::both_sizes;

use super::{
    receiver::{Receiver, Reply},
    world::{DEADLINE, TIMEOUT, World, seconds},
};
use crate::{events::schema, support::wait::wait_until};

#[both_sizes]
async fn what_fails_is_tried_again_by_the_schedule_and_is_dead_after_its_last_attempt(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::Answer(500, Vec::new(), "out of order".to_owned())).await;
    let endpoint = world.endpoint(&receiver).await;
    let event = world.one().await;
    let schedule = world.running.app.config.deliveries.schedule.clone();
    assert_eq!(schedule.len(), 9);
    for (n, wait) in (1..).zip(&schedule) {
        let tried = world.until_attempts(endpoint, n).await;
        let started = world.attempts(tried.id).await.last().unwrap().started_at;
        let rest = seconds(started, tried.due_at) / wait.as_secs_f64();
        assert!((0.79..=1.5).contains(&rest), "attempt {n}: {rest} of {wait:?}");
        assert_eq!((tried.state.as_str(), tried.last_status), ("pending", Some(500)));
        world
            .clock
            .advance(TimeDelta::from_std(*wait * 6 / 5).unwrap() + TimeDelta::seconds(3));
    }
    let dead = world.until(endpoint, "dead", 1).await.remove(0);
    let attempts = world.attempts(dead.id).await;
    let numbers: Vec<i64> = attempts.iter().map(|it| it.number).collect();
    assert_eq!((numbers, dead.attempts), ((1..=10).collect(), 10));
    assert!(
        attempts
            .iter()
            .all(|it| it.outcome == "status" && it.answer.as_deref() == Some("out of order"))
    );
    assert!(dead.finished_at.is_some() && dead.last_error.as_deref().unwrap().contains("500"));
    let requests = receiver.requests();
    assert!(
        requests
            .iter()
            .all(|it| it.id() == event.to_string() && it.body == requests[0].body)
    );
    let mut times: Vec<&String> = requests.iter().map(|it| &it.headers["webhook-timestamp"]).collect();
    times.dedup();
    assert_eq!(times.len(), 10, "each attempt says when it was made");
    world.end().await;
}

#[both_sizes]
async fn an_endpoint_that_hangs_or_dribbles_has_so_long_for_the_whole_exchange(world: World) {
    for reply in [Reply::Hang, Reply::Dribble] {
        let receiver = Receiver::doing(move |_, _| reply.clone()).await;
        let endpoint = world.endpoint(&receiver).await;
        world.one().await;
        let tried = world.until_attempts(endpoint, 1).await;
        let attempt = world.attempts(tried.id).await.remove(0);
        assert_eq!(attempt.outcome, "timeout");
        let took = Duration::from_micros(attempt.duration_us.try_into().unwrap());
        assert!(took >= TIMEOUT && took < TIMEOUT * 3, "{took:?}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_redirect_is_a_failure_and_not_followed(world: World) {
    let secret = Receiver::start().await;
    let place = secret.url();
    let receiver =
        Receiver::doing(move |_, _| Reply::Answer(307, vec![("Location", place.clone())], String::new())).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let tried = world.until_attempts(endpoint, 1).await;
    let attempt = world.attempts(tried.id).await.remove(0);
    assert_eq!((attempt.outcome.as_str(), attempt.http_status), ("redirect", Some(307)));
    assert_eq!(secret.count(), 0);
    world.end().await;
}

#[both_sizes]
async fn no_http_a_closed_connection_and_nobody_there_are_failures(world: World) {
    let garbage = Receiver::doing(|_, _| Reply::Garbage).await;
    let closed = Receiver::doing(|_, _| Reply::Close).await;
    let gone = Receiver::start().await;
    let mut endpoints = Vec::new();
    for receiver in [&garbage, &closed, &gone] {
        endpoints.push(world.endpoint(receiver).await);
    }
    drop(gone);
    world.one().await;
    for endpoint in endpoints {
        let tried = world.until_attempts(endpoint, 1).await;
        let attempt = world.attempts(tried.id).await.remove(0);
        assert_eq!((attempt.outcome.as_str(), attempt.http_status), ("unreachable", None));
        assert!(attempt.error.is_some());
    }
    world.end().await;
}

#[both_sizes]
async fn of_an_answer_of_a_gigabyte_the_beginning_is_read(world: World) {
    let receiver = Receiver::doing(|_, before| if before == 0 { Reply::Flood } else { Reply::status(204) }).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let done = world.until(endpoint, "done", 1).await.remove(0);
    let answer = world.attempts(done.id).await.remove(0).answer.unwrap();
    assert_eq!(answer.len(), 4_096);
    assert!(
        receiver.written() < 100 << 20,
        "{} bytes were taken",
        receiver.written()
    );
    world.one().await;
    world.until(endpoint, "done", 2).await;
    world.end().await;
}

#[both_sizes]
async fn an_answer_that_is_no_text_is_kept_as_far_as_it_is(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::Answer(200, Vec::new(), "a\0b".to_owned())).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let done = world.until(endpoint, "done", 1).await.remove(0);
    assert_eq!(world.attempts(done.id).await[0].answer.as_deref(), Some("a\u{fffd}b"));
    world.end().await;
}

#[both_sizes]
async fn gone_disables_at_once_and_what_waits_goes_on_when_it_is_enabled(world: World) {
    let (receiver, watcher) = (
        Receiver::doing(|_, _| Reply::status(410)).await,
        Receiver::start().await,
    );
    let endpoint = world.endpoint(&receiver).await;
    let watching = world
        .endpoint_with(&watcher, |new| new.event_types = vec!["endpoint.*".to_owned()])
        .await;
    world.one().await;
    wait_until(DEADLINE, "it is disabled", async || {
        !world.standing(endpoint).await.is_enabled()
    })
    .await;
    let told = world.until(watching.id, "done", 1).await;
    assert_eq!(told[0].kind, "endpoint.disabled");
    let data = watcher.requests()[0].json()["data"].clone();
    assert_eq!(data["endpoint_id"], endpoint.to_string());
    assert!(data["reason"].as_str().unwrap().contains("410"));
    assert!(data["host"].as_str().unwrap().starts_with("127.0.0.1:"), "{data}");
    schema::hold("endpoint.disabled", &data);
    // What happens while it is disabled is not kept for it.
    world.one().await;
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!((world.deliveries(endpoint).await.len(), receiver.count()), (1, 1));
    assert_eq!(world.deliveries(endpoint).await[0].state.as_str(), "pending");
    receiver.now_does(|_, _| Reply::status(200));
    let changes = EndpointChanges {
        enabled: Some(true),
        ..EndpointChanges::default()
    };
    let enabled = world
        .subscriptions
        .change(&Ctx::operator(world.tenant), endpoint, changes)
        .await
        .unwrap();
    assert_eq!((enabled.disabled_reason, enabled.health.failing_since), (None, None));
    world.until(endpoint, "done", 1).await;
    assert_eq!(receiver.count(), 2);
    world.end().await;
}

#[both_sizes]
async fn retry_after_is_honoured_in_seconds_and_as_a_date_where_it_is_longer_than_the_schedule(world: World) {
    let date = (Utc::now() + TimeDelta::seconds(7_200))
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    for (status, header, expected) in [
        (429, "1800".to_owned(), 1_800.0),
        (503, date, 7_200.0),
        (429, "0".to_owned(), 5.0),
        (503, "9999999".to_owned(), 86_400.0),
    ] {
        let receiver =
            Receiver::doing(move |_, _| Reply::Answer(status, vec![("Retry-After", header.clone())], String::new()));
        let receiver = receiver.await;
        let endpoint = world.endpoint(&receiver).await;
        world.one().await;
        let tried = world.until_attempts(endpoint, 1).await;
        let wait = seconds(world.attempts(tried.id).await[0].started_at, tried.due_at);
        assert!((expected - 2.0..expected + 5.0).contains(&wait), "{status}: {wait}");
        world
            .subscriptions
            .remove(&Ctx::operator(world.tenant), endpoint)
            .await
            .unwrap();
    }
    world.end().await;
}

#[both_sizes]
async fn a_status_that_asks_for_nothing_waits_as_the_schedule_says(world: World) {
    // Only 429 and 503 may say when to come again.
    let receiver =
        Receiver::doing(|_, _| Reply::Answer(500, vec![("Retry-After", "3600".to_owned())], String::new())).await;
    let endpoint = world.endpoint(&receiver).await;
    world.one().await;
    let tried = world.until_attempts(endpoint, 1).await;
    let wait = seconds(world.attempts(tried.id).await[0].started_at, tried.due_at);
    assert!((4.0..10.0).contains(&wait), "{wait}");
    world.end().await;
}

#[both_sizes]
async fn no_more_requests_are_under_way_at_a_time_than_the_endpoint_takes(world: World) {
    let receiver = Receiver::doing(|_, _| Reply::Late(Duration::from_millis(20), 200)).await;
    let endpoint = world.endpoint_with(&receiver, |new| new.max_concurrent = Some(3)).await;
    let events: Vec<_> = (0..60).map(|_| world.event()).collect();
    world.happen(&events).await;
    world.until(endpoint.id, "done", 60).await;
    assert_eq!(receiver.most_under_way(), 3);
    world.end().await;
}

#[both_sizes]
async fn a_rate_limit_is_kept_to_the_second_whoever_serves_the_endpoint(world: World) {
    let receiver = Receiver::start().await;
    let endpoint = world
        .endpoint_with(&receiver, |new| new.rate_limit_per_second = Some(10))
        .await;
    let begun = Instant::now();
    for _ in 0..4 {
        // In several runs, for each ends when nothing is due.
        let events: Vec<_> = (0..6).map(|_| world.event()).collect();
        world.happen(&events).await;
        let before = receiver.count();
        wait_until(DEADLINE, "they have come", async || receiver.count() >= before + 6).await;
    }
    world.until(endpoint.id, "done", 24).await;
    assert!(begun.elapsed() >= Duration::from_millis(2_300), "{:?}", begun.elapsed());
    let times: Vec<Instant> = receiver.requests().iter().map(|it| it.at).collect();
    // Eleven in a second is what an interval of ten gaps holds; a little more, as much as the machine is late.
    let busiest = times.iter().map(|from| {
        times
            .iter()
            .filter(|it| **it >= *from && **it - *from < Duration::from_secs(1))
            .count()
    });
    assert!(busiest.max().unwrap() <= 13);
    world.end().await;
}

#[both_sizes(|config| config.deliveries.concurrency = 16)]
async fn the_share_of_a_tenant_holds_for_all_its_endpoints_together(world: World) {
    // A tenant has a quarter of sixteen.
    let receiver = Receiver::doing(|_, _| Reply::Late(Duration::from_millis(10), 200)).await;
    let mut endpoints = Vec::new();
    for _ in 0..3 {
        endpoints.push(world.endpoint(&receiver).await);
    }
    let events: Vec<_> = (0..40).map(|_| world.event()).collect();
    world.happen(&events).await;
    for endpoint in endpoints {
        world.until(endpoint, "done", 40).await;
    }
    assert_eq!((receiver.most_under_way(), receiver.count()), (4, 120));
    world.end().await;
}
