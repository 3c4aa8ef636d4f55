//! Redis forgets, restarts, or is not there. The rows know better.

use std::time::{Duration, Instant};

use super::{
    lab::{Batches, LAB, Lab, LeasedBatches},
    servers::OwnRedis,
    stage::{Stage, soon},
};
use crate::queue::Outcomes;

fn slowly() -> Lab {
    Lab::new(async |_| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Outcomes::done()
    })
}

async fn some_are_done(stage: &Stage, at_least: i64) {
    soon("some are done", async || stage.in_state("done").await >= at_least).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushing_redis_at_any_moment_loses_nothing() {
    let redis = OwnRedis::start().await;
    let stage = Stage::on_redis(&redis.url()).await;
    let lab = slowly();
    let (one, other) = (stage.start::<Batches>(&lab), stage.start::<Batches>(&lab));
    stage.enqueue(30_000).await;
    for at_least in [1, 5_000, 10_000, 20_000] {
        some_are_done(&stage, at_least).await;
        redis.ask("FLUSHALL").await.expect("Redis obeys");
    }
    stage.until_state("done", 30_000).await;
    stage.until_driver_is_empty().await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_carry_on_when_redis_comes_back() {
    let mut redis = OwnRedis::start().await;
    let stage = Stage::on_redis(&redis.url()).await;
    let lab = slowly();
    let workers = stage.start::<LeasedBatches>(&lab);
    stage.enqueue(10_000).await;
    for at_least in [1_000, 3_000] {
        some_are_done(&stage, at_least).await;
        redis.kill();
        stage.store(100, crate::queue::Lane::Normal, stage.clock.now()).await;
        redis.restart().await;
    }
    stage.until_state("done", 10_200).await;
    assert_eq!(stage.in_state("dead").await, 0);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_may_be_opened_while_redis_is_down() {
    let mut redis = OwnRedis::start().await;
    redis.kill();
    let stage = Stage::on_redis(&redis.url()).await;
    let lab = Lab::done();
    let workers = stage.start::<Batches>(&lab);
    let ids = stage.store(10, crate::queue::Lane::Normal, stage.clock.now()).await;
    for _ in 0..20 {
        let begun = Instant::now();
        assert!(
            stage
                .queues
                .push(&LAB, ids.iter().copied(), stage.clock.now())
                .await
                .is_err()
        );
        assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    }
    assert!(stage.queues.ping().await.is_err());
    redis.restart().await;
    stage.until_state("done", 10).await;
    assert!(stage.queues.ping().await.is_ok());
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_redis_holds_nothing_for_long() {
    let redis = OwnRedis::start().await;
    let stage = Stage::on_redis(&redis.url()).await;
    let workers = stage.start::<Batches>(&Lab::done());
    stage.enqueue(1_000).await;
    stage.until_state("done", 1_000).await;
    stage.until_driver_is_empty().await;
    workers.stop().await;
    let redis::Value::Int(keys) = redis.ask("DBSIZE").await.expect("Redis answers") else {
        panic!("a number was expected");
    };
    assert!(
        keys <= 1,
        "the bell may be left for a minute, but there are {keys} keys"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_for_a_while_costs_no_attempt() {
    let redis = OwnRedis::start().await;
    let stage = Stage::on_redis(&redis.url()).await;
    let workers = stage.start::<LeasedBatches>(&slowly());
    stage.enqueue(5_000).await;
    some_are_done(&stage, 500).await;
    redis.signal("STOP");
    let begun = Instant::now();
    soon("three seconds pass", async || begun.elapsed() > Duration::from_secs(3)).await;
    redis.signal("CONT");
    stage.until_state("done", 5_000).await;
    assert_eq!(stage.totals().await, (5_000, 0));
    workers.stop().await;
}
