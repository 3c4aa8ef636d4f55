//! What messages cost, as their statuses say.

use std::time::Duration;

use mainstay_sim::Clock;
use serde_json::Value;

use super::{World, template, text};

/// Whether each of the statuses costs, and as what.
fn prices(statuses: &[Value]) -> Vec<(bool, &str, &str)> {
    let price = |status: &'_ Value| status["pricing"].is_object();
    let prices = statuses.iter().filter(|status| price(status)).map(|status| {
        let pricing = &status["pricing"];
        let text = |member: &str| pricing[member].as_str().unwrap();
        (pricing["billable"].as_bool().unwrap(), text("type"), text("category"))
    });
    prices.collect()
}

#[tokio::test]
async fn so_many_service_messages_of_a_month_are_free_and_utility_costs_in_an_open_window() {
    let world = World::with(|config| {
        // 31 October 2026, noon.
        config.clock = Clock::From(1_793_448_000);
        config.graph.enforcement.free_service_messages = 2;
        config.graph.statuses.delivered = 0.0;
    })
    .await;
    world.write(0).await;
    let to = world.customer(0).wa_id;
    for words in ["one", "two", "three"] {
        world.accepted(&text(&to, words)).await;
        world.statuses().await;
    }
    world.accepted(&template(&to, "hello_world", "en_US", &[])).await;
    let statuses = world.statuses().await;
    let (free, costs) = (
        (false, "free_customer_service", "service"),
        (true, "regular", "service"),
    );
    assert_eq!(prices(&statuses), [free, free, costs, (true, "regular", "utility")]);

    // The next month has its own.
    world.simulator.advance(Duration::from_secs(86_400));
    world.write(0).await;
    world.accepted(&text(&to, "four")).await;
    assert_eq!(prices(&world.statuses().await)[4], free);
}

#[tokio::test]
async fn before_october_2026_service_messages_and_utility_in_an_open_window_are_free() {
    let world = World::with(|config| {
        config.graph.enforcement.free_service_messages = 0;
        config.graph.statuses.delivered = 0.0;
    })
    .await;
    world.write(0).await;
    let to = world.customer(0).wa_id;
    world.accepted(&text(&to, "one")).await;
    world.statuses().await;
    world.accepted(&template(&to, "hello_world", "en_US", &[])).await;
    let free = |category| (false, "free_customer_service", category);
    assert_eq!(prices(&world.statuses().await), [free("service"), free("utility")]);
}
