//! Redis loses its data, restarts, or is unavailable. No job is lost.

use std::time::{Duration, Instant};

use super::{
    fixture::QueueFixture,
    test_job::{Batched, LeasedBatches, TEST_QUEUE, TestHandler},
};
use crate::Outcomes;
use mainstay_test_servers::{OwnRedis, soon};

fn slowly() -> TestHandler {
    TestHandler::new(async |_| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Outcomes::done()
    })
}

async fn some_are_done(fixture: &QueueFixture, at_least: i64) {
    soon("some are done", async || fixture.in_state("done").await >= at_least).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushing_redis_at_any_moment_loses_nothing() {
    let redis = OwnRedis::start().await;
    let fixture = QueueFixture::on_redis(&redis.url()).await;
    let handler = slowly();
    let (one, other) = (fixture.start::<Batched>(&handler), fixture.start::<Batched>(&handler));
    fixture.enqueue(30_000).await;
    for at_least in [1, 5_000, 10_000, 20_000] {
        some_are_done(&fixture, at_least).await;
        redis.ask("FLUSHALL").await.expect("Redis obeys");
    }
    fixture.until_state("done", 30_000).await;
    fixture.until_driver_is_empty().await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_carry_on_when_redis_comes_back() {
    let mut redis = OwnRedis::start().await;
    let fixture = QueueFixture::on_redis(&redis.url()).await;
    let handler = slowly();
    let workers = fixture.start::<LeasedBatches>(&handler);
    fixture.enqueue(10_000).await;
    for at_least in [1_000, 3_000] {
        some_are_done(&fixture, at_least).await;
        redis.kill();
        fixture.store(100, crate::Lane::Normal, fixture.clock.now()).await;
        redis.restart().await;
    }
    fixture.until_state("done", 10_200).await;
    assert_eq!(fixture.in_state("dead").await, 0);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_may_be_opened_while_redis_is_down() {
    let mut redis = OwnRedis::start().await;
    redis.kill();
    let fixture = QueueFixture::on_redis(&redis.url()).await;
    let handler = TestHandler::done();
    let workers = fixture.start::<Batched>(&handler);
    let ids = fixture.store(10, crate::Lane::Normal, fixture.clock.now()).await;
    for _ in 0..20 {
        let begun = Instant::now();
        assert!(
            fixture
                .queues
                .push(&TEST_QUEUE, ids.iter().copied(), fixture.clock.now())
                .await
                .is_err()
        );
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    assert!(fixture.queues.ping().await.is_err());
    redis.restart().await;
    fixture.until_state("done", 10).await;
    assert!(fixture.queues.ping().await.is_ok());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_redis_holds_nothing_for_long() {
    let redis = OwnRedis::start().await;
    let fixture = QueueFixture::on_redis(&redis.url()).await;
    let workers = fixture.start::<Batched>(&TestHandler::done());
    fixture.enqueue(1_000).await;
    fixture.until_state("done", 1_000).await;
    fixture.until_driver_is_empty().await;
    workers.stop().await;
    let redis::Value::Int(keys) = redis.ask("DBSIZE").await.expect("Redis answers") else {
        panic!("a number was expected");
    };
    assert!(
        keys <= 1,
        "the wake-up may be left for a minute, but there are {keys} keys"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_for_a_while_costs_no_attempt() {
    let redis = OwnRedis::start().await;
    let fixture = QueueFixture::on_redis(&redis.url()).await;
    let workers = fixture.start::<LeasedBatches>(&slowly());
    fixture.enqueue(5_000).await;
    some_are_done(&fixture, 500).await;
    redis.signal("STOP");
    let begun = Instant::now();
    soon("three seconds pass", async || begun.elapsed() > Duration::from_secs(3)).await;
    redis.signal("CONT");
    fixture.until_state("done", 5_000).await;
    assert_eq!(fixture.totals().await, (5_000, 0));
    workers.stop().await;
}
