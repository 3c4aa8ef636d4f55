//! What is remembered is forgotten when it says nothing any more.

use super::stage::{MS, SECOND, Stage, redis, want};
use crate::{
    domain::SendLane::Campaign,
    queue::tests::servers::OwnRedis,
    rate_limit::{
        Terms,
        driver::{Driver, News},
    },
};

#[tokio::test]
async fn pairs_in_memory_are_forgotten_when_their_time_has_passed() {
    let mut stage = Stage::local().await.at(Terms::HIGH);
    for _ in 0..2_000 {
        stage.now += 100 * MS;
        stage.ask(Campaign, 100).await;
    }
    let Driver::Local(local) = &stage.driver else {
        panic!("it is the local one");
    };
    // Six seconds' worth, and as many again before it is worth a sweep.
    assert!(local.pairs() < 15_000, "{}", local.pairs());
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
    let terms = Terms {
        tenant_per_second: Some(500.0),
        ..Terms::HIGH
    };
    let mut stage = Stage::of(redis(&redis_server.url()), terms).await;
    let stranger = stage.stranger();
    stage.ask(Campaign, 500).await;
    stage.decide(&[want(stranger, Campaign, false)]).await;
    let refused = stage.stranger();
    stage.hear(News::Refused(refused)).await;
    let lives = keys(&redis_server).await;
    let pairs = lives.iter().filter(|(key, _)| key.matches(':').count() == 4).count();
    assert!(pairs > 100 && lives.len() == pairs + 2, "{lives:?}");
    let long = |life: &i64| *life > 60 * SECOND / MS;
    assert!(lives.iter().all(|(_, life)| *life > 0), "{lives:?}");
    // The number, the tenant, and the pair that was refused.
    assert_eq!(lives.iter().filter(|(_, life)| long(life)).count(), 3, "{lives:?}");
}
