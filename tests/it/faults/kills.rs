//! `kill -9` and `FLUSHALL`, at any moment.

use std::time::Duration;

use mainstay_sim::{Manners, SimConfig, Simulator};

use super::ledgers::compare;
use crate::support::{deployment::Deployment, wait::wait_until};

/// For the traffic to come so far.
const DEADLINE: Duration = Duration::from_secs(120);

/// Meta at its rudest, as far as the size of batches lets 20,000 of them be affordable.
pub fn rude(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        customers: 200,
        concurrency: 16,
        backlog: 64,
        manners: Manners {
            batch: 0.1,
            batch_items: 8,
            ..Manners::rude()
        },
        ..SimConfig::default()
    }
}

/// Waits until so many bodies were acknowledged.
pub async fn acknowledged(simulator: &Simulator, bodies: u64) {
    wait_until(DEADLINE, "the traffic goes on", async || {
        simulator.totals().bodies_acknowledged >= bodies
    })
    .await;
}

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
                3 => deployment.redis.as_ref().unwrap().flush_all().await,
                _ => {
                    // Everything at once; this time another worker is there already.
                    deployment.start_worker().await;
                    deployment.kill_worker().await;
                    deployment.kill_api().await;
                    deployment.redis.as_ref().unwrap().flush_all().await;
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
