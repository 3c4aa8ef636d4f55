//! Pause, resume, cancel, the threshold and the start.

use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

#[both_sizes]
async fn a_paused_campaign_sends_nothing_and_goes_on_where_it_was(world: World) {
    const COUNT: usize = 40;
    world.offers().await;
    world.people(COUNT, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(10);
    let id = world.launch(draft).await;
    world
        .until_campaign(&id, "some are sent", |it| {
            it["progress"]["open"] != 0 || it["progress"]["read"] != 0
        })
        .await;
    let paused = world.post(&format!("campaigns/{id}/pause"), json!({})).await;
    assert_eq!(paused.status.as_u16(), 200, "{}", paused.text());
    assert_eq!(
        (&paused.json()["status"], &paused.json()["reason"]),
        (&json!("paused"), &json!("requested"))
    );
    let paused_at = chrono::Utc::now().timestamp_millis();
    const UNDER_WAY: &str = "SELECT COUNT(*) FROM sends WHERE state IN ('pending', 'running')";
    wait_until(DEADLINE, "what waits is held", async || {
        world.number(UNDER_WAY).await == 0
    })
    .await;
    let accepted = world.simulator.graph().sends();
    assert!(accepted.len() < COUNT, "{} were sent at ten a second", accepted.len());
    let last = accepted.iter().map(|it| it.accepted_at_ms).max().unwrap_or_default();
    // A second is what it takes on a machine with nothing else to do.
    assert!(
        last < paused_at + 3_000,
        "the last call came {} ms after the answer",
        last - paused_at
    );
    let held = world
        .number("SELECT COUNT(*) FROM sends WHERE held = 'campaign_paused'")
        .await;
    assert!(held > 0, "about two seconds of messages are made ahead");
    let again = world.post(&format!("campaigns/{id}/pause"), json!({})).await;
    assert_eq!(again.problem(409), "wrong-state");
    let resumed = world.post(&format!("campaigns/{id}/resume"), json!({})).await;
    assert_eq!(resumed.json()["status"], "running", "{}", resumed.text());
    world.until_status(&id, "completed").await;
    for n in 0..COUNT {
        assert_eq!(world.accepted_for(&phone(n)), 1, "person {n}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_canceled_campaign_withdraws_what_waits(world: World) {
    const COUNT: usize = 60;
    world.offers().await;
    world.people(COUNT, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(5);
    let id = world.launch(draft).await;
    world
        .until_campaign(&id, "some are sent", |it| it["progress"]["read"] != 0)
        .await;
    let canceling = world.post(&format!("campaigns/{id}/cancel"), json!({})).await;
    assert_eq!(canceling.json()["status"], "canceling", "{}", canceling.text());
    let canceled = world.until_status(&id, "canceled").await;
    let progress = &canceled["progress"];
    assert_eq!(
        (&progress["pending"], &progress["open"]),
        (&json!(0), &json!(0)),
        "{canceled:#}"
    );
    assert_eq!(progress["total"], COUNT);
    let withdrawn = progress["canceled"].as_u64().unwrap();
    assert!(withdrawn > 0, "{canceled:#}");
    assert_eq!(
        world.simulator.graph().accepted() as u64,
        COUNT as u64 - withdrawn,
        "{canceled:#}"
    );
    assert_eq!(
        world
            .post(&format!("campaigns/{id}/resume"), json!({}))
            .await
            .problem(409),
        "wrong-state"
    );
    world.end().await;
}

#[both_sizes]
async fn a_campaign_pauses_when_too_many_fail(world: World) {
    const COUNT: usize = 200;
    world.offers().await;
    world.people(COUNT, "all").await;
    world.fault(FaultRule::new(Fault::Failed {
        code: 131_026,
        details: None,
        after_sent: false,
    }));
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(20);
    let id = world.launch(draft).await;
    let paused = world.until_status(&id, "paused").await;
    assert_eq!(paused["reason"], "failure_threshold", "{paused:#}");
    let details = paused["reason_details"].as_str().unwrap();
    assert!(details.contains("131026"), "{details}");
    assert_eq!(paused["failures"][0]["code"], 131_026, "{paused:#}");
    world.simulator.graph().lift_all();
    // What failed before does not count against what comes after.
    world.post(&format!("campaigns/{id}/resume"), json!({})).await;
    let ended = world.until_status(&id, "completed").await;
    assert_eq!(ended["progress"]["total"], COUNT, "{ended:#}");
    world.end().await;
}

#[both_sizes]
async fn a_campaign_starts_at_its_time_and_not_if_its_template_has_changed(world: World) {
    world.offers().await;
    world.people(3, "all").await;
    let id = world.create(world.draft("all")).await;
    let at = chrono::Utc::now() + chrono::TimeDelta::seconds(3);
    let launched = world
        .post(&format!("campaigns/{id}/launch"), json!({ "starts_at": at }))
        .await;
    assert_eq!(launched.json()["status"], "scheduled", "{}", launched.text());
    let changed = world.create(world.draft("all")).await;
    let launched = world
        .post(&format!("campaigns/{changed}/launch"), json!({ "starts_at": at }))
        .await;
    assert_eq!(launched.json()["status"], "scheduled", "{}", launched.text());
    assert_eq!(world.simulator.graph().accepted(), 0);
    let ended = world.until_status(&id, "completed").await;
    let started: chrono::DateTime<chrono::Utc> = ended["started_at"].as_str().unwrap().parse().unwrap();
    assert!(
        started >= at && started < at + chrono::TimeDelta::seconds(5),
        "{started} for {at}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_tag_that_is_removed_once_the_audience_is_frozen_stops_nothing(world: World) {
    world.offers().await;
    world.people(4, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(1);
    let id = world.launch(draft).await;
    world
        .until_campaign(&id, "its audience is frozen", |it| it["frozen_at"].is_string())
        .await;
    let tags = world.client.get("/api/v1/tags").await.ok().json();
    let tag = tags["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "all")
        .unwrap();
    let removed = world
        .client
        .delete(&format!("/api/v1/tags/{}", tag["id"].as_str().unwrap()))
        .await;
    assert_eq!(removed.status.as_u16(), 204, "{}", removed.text());
    // Its next turns read anew what it works by.
    world.post(&format!("campaigns/{id}/pause"), json!({})).await;
    world.post(&format!("campaigns/{id}/resume"), json!({})).await;
    world.until_status(&id, "completed").await;
    for n in 0..4 {
        assert_eq!(world.accepted_for(&phone(n)), 1, "person {n}");
    }
    world.end().await;
}
