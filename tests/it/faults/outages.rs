//! Redis and PostgreSQL, stopped and started again under load. Nothing of ours is restarted.

use std::time::{Duration, Instant};

use super::{
    http::Client,
    ledgers::{compare, count},
    traffic::{acknowledged, rude},
};
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(60);
/// The longest a webhook may wait for its refusal while the database is away.
const REFUSAL: Duration = Duration::from_secs(7);

#[tokio::test]
async fn webhooks_are_stored_while_redis_is_stopped_and_processed_once_it_is_back() {
    const OPEN: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'pending'";
    const COUNT: usize = 2_000;
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    let simulator = deployment.simulator(rude(6));
    let faults = async {
        acknowledged(&simulator, COUNT as u64 / 4).await;
        deployment.redis_mut().stop().await;
        let stopped_at = simulator.totals().bodies_acknowledged;
        acknowledged(&simulator, stopped_at + COUNT as u64 / 4).await;
        let client = Client::of(&deployment);
        assert_eq!(
            client.get("/health/ready").await.status,
            200,
            "webhooks are taken, so requests may come"
        );
        let db = deployment.db().await;
        assert!(count(&db, OPEN).await > 0, "there is nobody to hand work out");
        db.close().await;
        deployment.redis_mut().restart().await;
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    let totals = simulator.totals();
    assert_eq!(
        (totals.refused, totals.unanswered),
        (0, 0),
        "every webhook was answered 200: {totals:?}"
    );
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

#[tokio::test]
async fn nothing_is_lost_when_redis_is_restarted_again_and_again() {
    const COUNT: usize = 2_000;
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    let simulator = deployment.simulator(rude(7));
    let faults = async {
        for round in 1..=4 {
            acknowledged(&simulator, round * COUNT as u64 / 6).await;
            deployment.redis_mut().restart().await;
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    let totals = simulator.totals();
    assert_eq!(
        (totals.refused, totals.unanswered),
        (0, 0),
        "every webhook was answered 200: {totals:?}"
    );
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

#[tokio::test]
async fn webhooks_are_refused_while_postgres_is_stopped_and_everything_recovers_once_it_is_back() {
    const COUNT: usize = 2_000;
    let mut deployment = Deployment::distributed_on_private_postgres().await;
    deployment.start().await;
    let client = Client::of(&deployment);
    let simulator = deployment.simulator(rude(8));
    let faults = async {
        for round in 1..=2 {
            acknowledged(&simulator, round * COUNT as u64 / 4).await;
            deployment.postgres_mut().stop().await;
            refused_quickly(&client).await;
            wait_until(DEADLINE, "it says that it is not ready", async || {
                client.get("/health/ready").await.status == 503
            })
            .await;
            assert_eq!(client.get("/health/live").await.status, 200, "no reason to restart it");
            deployment.postgres_mut().restart().await;
            wait_until(DEADLINE, "it says that it is ready again", async || {
                client.get("/health/ready").await.status == 200
            })
            .await;
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    let totals = simulator.totals();
    assert!(totals.refused > 0, "Meta was refused, and sent again: {totals:?}");
    assert_eq!(totals.unanswered, 0, "every webhook was answered in time: {totals:?}");
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

/// The first webhook then finds no connection at all, and has to wait for one.
#[tokio::test]
async fn a_webhook_is_refused_quickly_also_when_postgres_was_stopped_in_a_quiet_hour() {
    let mut deployment = Deployment::distributed_on_private_postgres().await;
    deployment.start_api().await;
    let client = Client::of(&deployment);
    assert_eq!(client.post_webhook().await.status, 200);
    deployment.postgres_mut().stop().await;
    wait_until(DEADLINE, "the process has noticed", async || {
        client.get("/health/ready").await.status == 503
    })
    .await;
    refused_quickly(&client).await;
    deployment.postgres_mut().restart().await;
    wait_until(DEADLINE, "webhooks are taken again", async || {
        client.post_webhook().await.status == 200
    })
    .await;
    deployment.assert_running();
}

/// The first webhooks after the database went away, and those that come when that is known.
async fn refused_quickly(client: &Client) {
    for _ in 0..2 {
        let posts = (0..20).map(|_| async {
            let begun = Instant::now();
            (client.post_webhook().await, begun.elapsed())
        });
        for (answer, took) in futures::future::join_all(posts).await {
            assert_eq!(answer.status, 503, "nothing is acknowledged that cannot be stored");
            assert!(answer.retry_after.is_some(), "and Meta is told when to come again");
            assert!(took < REFUSAL, "refused after {took:?}");
        }
    }
}
