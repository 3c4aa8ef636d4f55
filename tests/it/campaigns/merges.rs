//! Two recipients who turn out to be one person.

use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::phone;
use crate::sending::world::World;

#[both_sizes]
async fn two_recipients_who_are_one_person_are_written_to_once(world: World) {
    world.offers().await;
    let ids = world.people(8, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(1);
    let id = world.launch(draft).await;
    world
        .until_campaign(&id, "all are frozen", |it| it["frozen_at"].is_string())
        .await;
    // Ordinals go from the newest to the oldest: both wait.
    let merged = world
        .post(&format!("contacts/{}/merge", ids[0]), json!({ "from": ids[1] }))
        .await;
    assert!(merged.status.is_success(), "{}", merged.text());
    let campaign = world.until_status(&id, "completed").await;
    assert_eq!(
        world.accepted_for(&phone(0)) + world.accepted_for(&phone(1)),
        1,
        "{campaign:#}"
    );
    assert_eq!(
        (&campaign["progress"]["suppressed"], &campaign["progress"]["total"]),
        (&json!(1), &json!(8)),
        "{campaign:#}"
    );
    assert_eq!(world.simulator.graph().accepted(), 7);
    world.end().await;
}
