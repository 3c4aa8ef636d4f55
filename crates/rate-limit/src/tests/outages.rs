//! Redis loses its data, hangs, or is unavailable.

use std::time::{Duration, Instant};

use super::{
    fixture::{LimiterFixture, MS, SECOND, number, redis, request, slots, worst_excess},
    simulation::Simulation,
};
use crate::{Grant, MetaFeedback, RateLimiter, RateLimits, SlotRequest};
use mainstay_core::{
    clock::Clock,
    domain::SendLane::{Campaign, Reply},
};
use mainstay_test_servers::{OwnRedis, soon};

#[tokio::test]
async fn a_flush_at_any_moment_lets_no_extra_slot_through() {
    let server = OwnRedis::start().await;
    let fixture = LimiterFixture::of(redis(&server.url()), RateLimits::HIGH).await;
    let begun = fixture.now;
    let mut simulation = Simulation::new(fixture);
    simulation.add(Campaign, 20_000, begun);
    simulation.add_evenly(Reply, 500.0, begun, begun + 20 * SECOND);
    for flush in 1..=40 {
        simulation.run(begun + flush * 370 * MS).await;
        server.ask("FLUSHALL").await.expect("Redis obeys");
    }
    simulation.run(i64::MAX).await;
    let mut all = simulation.slots(None);
    assert_eq!(all.len(), 30_000);
    assert_eq!(worst_excess(&mut all, simulation.fixture.rate()), None);
}

#[tokio::test]
async fn a_flush_gives_pairs_one_more_burst_and_not_two() {
    let server = OwnRedis::start().await;
    let mut fixture = LimiterFixture::of(redis(&server.url()), RateLimits::HIGH).await;
    let her = vec![request([1; 16], Reply, true); 60];
    let before = slots(&fixture.decide(&her).await.each).len();
    server.ask("FLUSHALL").await.expect("Redis obeys");
    let mut after = 0;
    for _ in 0..20 {
        fixture.now += 100 * MS;
        after += slots(&fixture.decide(&her).await.each).len();
    }
    assert_eq!((before, after), (44, 44));
}

#[tokio::test]
async fn scripts_lost_by_redis_are_loaded_again() {
    let server = OwnRedis::start().await;
    let mut fixture = LimiterFixture::of(redis(&server.url()), RateLimits::STANDARD).await;
    for _ in 0..3 {
        let mut forget = ::redis::cmd("SCRIPT");
        let client = ::redis::Client::open(server.url()).expect("a URL");
        let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
        forget
            .arg("FLUSH")
            .query_async::<()>(&mut connection)
            .await
            .expect("Redis obeys");
        fixture.now += SECOND;
        assert_eq!(slots(&fixture.ask(Reply, 2).await), [fixture.now; 2]);
    }
}

fn requests(count: usize) -> Vec<SlotRequest> {
    let number = number(RateLimits::HIGH);
    let request = |n| SlotRequest {
        number,
        recipient: format!("{n}"),
        lane: Reply,
        has_reservation: true,
    };
    (0..count).map(request).collect()
}

#[tokio::test]
async fn nothing_is_sent_while_redis_is_unavailable_and_everything_when_it_is_back() {
    let mut server = OwnRedis::start().await;
    server.kill();
    let limiter = RateLimiter::redis(&server.url(), "test", Clock::default()).expect("a URL of Redis");
    let requests = requests(100);
    for _ in 0..10 {
        let begun = Instant::now();
        assert!(limiter.reserve(&requests).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    // Accepted messages need no call, so nothing fails.
    let answered = limiter
        .record_feedback(&requests[0].number, "1", MetaFeedback::Accepted)
        .await;
    assert!(answered.is_ok());
    let answered = limiter
        .record_feedback(&requests[0].number, "1", MetaFeedback::Pair)
        .await;
    assert!(answered.is_err());
    server.restart().await;
    soon("slots are given again", async || {
        let grants = limiter.reserve(&requests).await;
        grants.is_ok_and(|grants| grants.iter().any(|it| matches!(it, Grant::Slot(_))))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_passed_while_redis_hung_are_not_all_used_at_once() {
    let server = OwnRedis::start().await;
    let clock = Clock::default();
    let limiter = RateLimiter::redis(&server.url(), "test", clock.clone()).expect("a URL of Redis");
    let requests = requests(500);
    soon("the number has slots at once", async || {
        let first = limiter.reserve(&requests[..1]).await.expect("Redis answers")[0];
        matches!(first, Grant::Slot(at) if at <= clock.now())
    })
    .await;
    server.signal("STOP");
    let begun = Instant::now();
    let (grants, ()) = tokio::join!(limiter.reserve(&requests), async {
        soon("most of a second passes", async || {
            begun.elapsed() > Duration::from_millis(700)
        })
        .await;
        server.signal("CONT");
    });
    let (grants, now) = (grants.expect("Redis answers in time"), clock.now());
    let passed = grants
        .iter()
        .filter(|it| matches!(it, Grant::Slot(at) if *at < now - chrono::TimeDelta::milliseconds(60)));
    assert!(passed.count() <= 50);
    let again = grants
        .iter()
        .filter(|it| matches!(it, Grant::Later { at, .. } if *at <= now));
    assert!(again.count() > 300);
}
