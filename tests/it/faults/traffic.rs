//! Meta's side of these tests, and how far it has come.

use std::time::Duration;

use mainstay_sim::{Manners, Mix, SimConfig, Simulator};

use crate::support::wait::wait_until;

/// For the traffic to come so far.
const DEADLINE: Duration = Duration::from_secs(120);

/// Everything Meta and strangers are known to do, in batches small enough that twenty thousand of them are affordable.
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

/// One text message in each webhook, once.
pub fn texts() -> SimConfig {
    SimConfig {
        mix: Mix::texts(),
        manners: Manners::polite(),
        ..rude(1)
    }
}

/// Waits until so many bodies were acknowledged.
pub async fn acknowledged(simulator: &Simulator, bodies: u64) {
    wait_until(DEADLINE, "the traffic goes on", async || {
        simulator.totals().bodies_acknowledged >= bodies
    })
    .await;
}
