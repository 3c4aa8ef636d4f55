//! Campaigns on one number share its throughput.

use mainstay_test_macros::both_sizes;
use serde_json::json;

use crate::sending::world::World;

#[both_sizes]
async fn a_small_campaign_is_done_while_a_large_one_goes_on(world: World) {
    const LARGE: usize = 1_600;
    world.offers().await;
    world.people(LARGE, "all").await;
    let contact = json!({ "phone": "+4915299999999", "tags": ["few"] });
    world.contacts(vec![contact]).await;
    let large = world.launch(world.draft("all")).await;
    world
        .until_campaign(&large, "two seconds of it are due", |it| {
            it["frozen_at"].is_string() && it["progress"]["open"].as_i64().unwrap() > 100
        })
        .await;
    let small = world.launch(world.draft("few")).await;
    world.until_status(&small, "completed").await;
    let progress = &world.campaign(&large).await["progress"];
    assert_ne!(
        progress["pending"], 0,
        "the large one has recipients left: {progress:#}"
    );
    world.end().await;
}
