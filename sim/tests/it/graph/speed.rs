//! How fast the simulator is: it must not be what a benchmark of the receiver measures.

use std::time::{Duration, Instant};

use mainstay_sim::{Enforcement, StatusPolicy};
use serde_json::json;
use tokio::task::JoinSet;

use super::{World, text};

/// What one core must do in a release build.
const PER_SECOND: f64 = 5_000.0;

/// Sends for two seconds over 32 connections on one core, which is shared with the callers: what is measured is the
/// lower bound. `cargo test --release -p mainstay-sim -- --ignored --nocapture speed`.
#[tokio::test]
#[ignore = "a measurement, for release builds on a quiet machine"]
async fn one_core_accepts_thousands_of_sends_a_second() {
    let world = World::with(|config| {
        config.graph.enforcement = Enforcement {
            tokens: true,
            templates: true,
            references: true,
            ..Enforcement::none()
        };
        config.graph.statuses = StatusPolicy::off();
    })
    .await;
    for (name, policy) in [
        ("without statuses", StatusPolicy::off()),
        (
            "with three statuses each, 500 per POST",
            StatusPolicy {
                per_post: 500,
                gather_ms: 50,
                ..StatusPolicy::default()
            },
        ),
    ] {
        world.simulator.graph().set_statuses(policy);
        let before = world.simulator.graph().accepted();
        let start = Instant::now();
        let mut callers = JoinSet::new();
        for caller in 0..32 {
            let client = world.client.clone();
            let url = format!("{}/v25.0/{}/messages", world.url, world.number());
            callers.spawn(async move {
                for turn in 0_u32.. {
                    if start.elapsed() > Duration::from_secs(2) {
                        return;
                    }
                    let mut body = text(&format!("49151{caller:02}{turn:06}"), "a message of ordinary length");
                    body["biz_opaque_callback_data"] = json!(format!("{caller}/{turn}"));
                    let request = client.post(&url).bearer_auth("simulated-access-token");
                    let answer = request.json(&body).send().await.unwrap();
                    assert!(answer.status().is_success());
                    answer.bytes().await.unwrap();
                }
            });
        }
        callers.join_all().await;
        let rate = (world.simulator.graph().accepted() - before) as f64 / start.elapsed().as_secs_f64();
        println!("{name}: {rate:.0} sends/s, callers included");
        if cfg!(not(debug_assertions)) && name == "without statuses" {
            assert!(rate >= PER_SECOND, "{rate:.0} sends/s");
        }
    }
}
