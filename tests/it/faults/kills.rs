//! `kill -9` and `FLUSHALL`, at any moment.

use super::{
    ledgers::compare,
    traffic::{acknowledged, rude},
};
use crate::support::deployment::Deployment;

#[tokio::test]
async fn twenty_thousand_webhooks_survive_every_kill_and_flush_at_once() {
    const COUNT: usize = 20_000;
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    let simulator = deployment.simulator(rude(1));
    let faults = async {
        for round in 1..=8 {
            acknowledged(&simulator, round * COUNT as u64 / 10).await;
            match round % 4 {
                1 => {
                    deployment.kill_api().await;
                    deployment.start_api().await;
                }
                2 => {
                    deployment.kill_worker().await;
                    deployment.start_worker().await;
                }
                3 => deployment.redis().flush_all().await,
                _ => {
                    // Everything at once; this time another worker is there already.
                    deployment.start_worker().await;
                    deployment.kill_worker().await;
                    deployment.kill_api().await;
                    deployment.redis().flush_all().await;
                    deployment.start_api().await;
                }
            }
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    assert!(simulator.totals().unanswered > 0, "a kill was felt");
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

#[tokio::test]
async fn twenty_thousand_webhooks_survive_kills_of_the_one_process_on_sqlite() {
    const COUNT: usize = 20_000;
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let simulator = deployment.simulator(rude(2));
    let faults = async {
        for round in 1..=8 {
            acknowledged(&simulator, round * COUNT as u64 / 10).await;
            deployment.kill_api().await;
            deployment.start_api().await;
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    assert!(simulator.totals().unanswered > 0, "a kill was felt");
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}

#[tokio::test]
async fn nothing_is_lost_when_api_is_killed() {
    survives(3, async |deployment| {
        deployment.kill_api().await;
        deployment.start_api().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_when_the_only_worker_is_killed_and_started_again() {
    survives(4, async |deployment| {
        deployment.kill_worker().await;
        deployment.start_worker().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_when_redis_forgets_everything() {
    survives(5, async |deployment| deployment.redis().flush_all().await).await;
}

/// Two thousand webhooks, and the same fault four times.
async fn survives(seed: u64, mut fault: impl AsyncFnMut(&mut Deployment)) {
    const COUNT: usize = 2_000;
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    let simulator = deployment.simulator(rude(seed));
    let faults = async {
        for round in 1..=4 {
            acknowledged(&simulator, round * COUNT as u64 / 6).await;
            fault(&mut deployment).await;
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    deployment.assert_running();
    compare(&deployment, &simulator).await;
}
