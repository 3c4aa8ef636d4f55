//! State is removed when it has no effect any more.

use super::fixture::{LimiterFixture, MS, SECOND, redis, request};
use crate::{
    RateLimits,
    driver::{LimiterDriver, LimiterFeedback},
};
use mainstay_core::domain::SendLane::Campaign;
use mainstay_test_servers::OwnRedis;

#[tokio::test]
async fn pairs_in_memory_are_forgotten_when_their_time_has_passed() {
    let mut fixture = LimiterFixture::local().await.at(RateLimits::HIGH);
    for _ in 0..2_000 {
        fixture.now += 100 * MS;
        fixture.ask(Campaign, 100).await;
    }
    let LimiterDriver::Memory(memory) = &fixture.driver else {
        panic!("it is in memory");
    };
    // Six seconds' worth, and as many again before a sweep is worthwhile.
    assert!(memory.pairs() < 15_000, "{}", memory.pairs());
}

async fn keys(redis: &OwnRedis) -> Vec<(String, i64)> {
    let client = ::redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let mut command = ::redis::cmd("KEYS");
    let keys: Vec<String> = command
        .arg("*")
        .query_async(&mut connection)
        .await
        .expect("Redis answers");
    let mut lives = Vec::new();
    for key in keys {
        let mut command = ::redis::cmd("PTTL");
        let life = command.arg(&key).query_async(&mut connection).await;
        lives.push((key, life.expect("Redis answers")));
    }
    lives
}

#[tokio::test]
async fn every_key_in_redis_expires_and_a_pair_within_a_minute() {
    let redis_server = OwnRedis::start().await;
    let limits = RateLimits {
        tenant_per_second: Some(500.0),
        ..RateLimits::HIGH
    };
    let mut fixture = LimiterFixture::of(redis(&redis_server.url()), limits).await;
    let new_recipient = fixture.new_recipient();
    fixture.ask(Campaign, 500).await;
    fixture.decide(&[request(new_recipient, Campaign, false)]).await;
    let refused = fixture.new_recipient();
    fixture.record_feedback(LimiterFeedback::Refused(refused)).await;
    let lives = keys(&redis_server).await;
    let pairs = lives.iter().filter(|(key, _)| key.matches(':').count() == 4).count();
    assert!(pairs > 100 && lives.len() == pairs + 2, "{lives:?}");
    let long = |life: &i64| *life > 60 * SECOND / MS;
    assert!(lives.iter().all(|(_, life)| *life > 0), "{lives:?}");
    // The number, the tenant, and the pair that was refused.
    assert_eq!(lives.iter().filter(|(_, life)| long(life)).count(), 3, "{lives:?}");
}
