//! Everything that happens to campaigns.

use serde_json::{Value, json};

use crate::sending::world::World;

fn draft(world: &World, tag: &str) -> Value {
    json!({
        "name": "Autumn", "audience": { "tag": tag }, "channels": [world.channel], "rate_per_second": 1,
        "template": { "name": "hello_world", "language": "en_US" },
    })
}

/// Lets every event of campaigns happen once.
pub async fn happen(world: &World) {
    let db = &world.running.app.db;
    world.fetch_templates().await;
    for tag in ["campaigns", "gone"] {
        world.post("tags", json!({ "name": tag })).await;
    }
    let contacts: Vec<Value> = (0..4)
        .map(|n| json!({ "phone": format!("+4915177700{n:03}"), "tags": ["campaigns"] }))
        .collect();
    world.post("contacts/batch", json!({ "contacts": contacts })).await;
    let id = world.launch(draft(world, "campaigns")).await;
    world
        .until_campaign(&id, "one is sent", |it| {
            it["progress"]["pending"] != 4 && it["frozen_at"].is_string()
        })
        .await;
    world.post(&format!("campaigns/{id}/pause"), json!({})).await;
    world.post(&format!("campaigns/{id}/resume"), json!({})).await;
    // A counter that says what is not so is noticed at the end.
    const WRONG: &str = "INSERT INTO campaign_counts (tenant_id, campaign_id, wave, status, n)
        SELECT tenant_id, campaign_id, wave, 'deleted', 1 FROM campaign_waves WHERE wave = 1";
    db.sql(WRONG, ()).run().await.unwrap();
    world.until_event("campaign.completed").await;
    let canceled = world.launch(draft(world, "campaigns")).await;
    world.post(&format!("campaigns/{canceled}/cancel"), json!({})).await;
    world.until_event("campaign.canceled").await;
    let failed = world.create(draft(world, "gone")).await;
    let at = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    world
        .post(&format!("campaigns/{failed}/launch"), json!({ "starts_at": at }))
        .await;
    db.sql("DELETE FROM tags WHERE name = 'gone'", ()).run().await.unwrap();
    world.until_event("campaign.failed").await;
    // One whose worker has forgotten it: it was due an hour ago, and has not begun.
    let stalled = world.create(draft(world, "campaigns")).await;
    let later = world.running.app.clock.now() + chrono::TimeDelta::hours(1);
    world
        .post(&format!("campaigns/{stalled}/launch"), json!({ "starts_at": later }))
        .await;
    let long_ago = later - chrono::TimeDelta::hours(2);
    const FORGET: &str = "UPDATE campaigns SET starts_at = $1 WHERE status = 'scheduled'";
    const SEEN: &str = "UPDATE campaigns SET moved_at = $1 WHERE status = 'scheduled'";
    db.sql(FORGET, (long_ago,)).run().await.unwrap();
    mainstay::campaigns::watch(&world.running.app.campaigns).await.unwrap();
    db.sql(SEEN, (long_ago,)).run().await.unwrap();
    mainstay::campaigns::watch(&world.running.app.campaigns).await.unwrap();
    world.until_event("campaign.stalled").await;
}
