//! Local times: of a zone, and of each recipient.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::{
    sending::world::{DEADLINE, World},
    support::wait::wait_until,
};

const HERE: &str = "Asia/Kolkata";

fn local_time(at: DateTime<Utc>) -> String {
    let zone: Tz = HERE.parse().unwrap();
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Launches a campaign that `all` get at a local time of each.
async fn launch_local(world: &World, at: DateTime<Utc>, missed: &str) -> (String, Value) {
    let id = world.create(world.draft("all")).await;
    let launch = json!({
        "local_time": local_time(at), "time_zone": "recipient", "fallback_time_zone": HERE, "missed": missed,
    });
    let launched = world.post(&format!("campaigns/{id}/launch"), launch).await;
    assert_eq!(launched.status.as_u16(), 200, "{}", launched.text());
    (id, launched.json())
}

#[both_sizes]
async fn each_gets_it_at_their_local_time(world: World) {
    world.offers().await;
    let person = |n: usize, zone: Option<&str>| json!({ "phone": phone(n), "tags": ["all"], "time_zone": zone });
    let zones = [Some(HERE), None, Some("Asia/Tokyo"), Some("Europe/London")];
    let people = zones.iter().enumerate().map(|(n, zone)| person(n, *zone)).collect();
    let ids = world.contacts(people).await;
    let at = Utc::now() + TimeDelta::seconds(4);
    let (id, launched) = launch_local(&world, at, "skip").await;
    assert_eq!(
        launched["schedule"],
        json!({ "local_time": local_time(at), "time_zone": "recipient", "fallback_time_zone": HERE, "missed": "skip" })
    );
    wait_until(DEADLINE, "the first have it", async || {
        world.accepted_for(&phone(0)) == 1 && world.accepted_for(&phone(1)) == 1
    })
    .await;
    let first = world.simulator.graph().sends();
    let first = first.iter().map(|it| it.accepted_at_ms).min().unwrap();
    assert!(first >= at.timestamp() * 1_000, "{first} before {at}");
    let campaign = world
        .until_campaign(&id, "the others wait for their time", |it| {
            it["waiting_for"] == "wave_time"
        })
        .await;
    assert_eq!(campaign["progress"]["pending"], 1, "{campaign:#}");
    let missed = world.recipients(&id, "&status=suppressed").await;
    assert_eq!(
        (&missed[0]["contact_id"], &missed[0]["reason"]),
        (&json!(ids[2]), &json!("time_missed")),
        "{missed:#?}"
    );
    world.post(&format!("campaigns/{id}/cancel"), json!({})).await;
    let canceled = world.until_status(&id, "canceled").await;
    assert_eq!(canceled["progress"]["canceled"], 1, "{canceled:#}");
    assert_eq!(world.simulator.graph().accepted(), 2);
    world.end().await;
}

#[both_sizes]
async fn whose_time_has_passed_gets_it_at_once_unless_said_otherwise(world: World) {
    world.offers().await;
    let person = |n: usize, zone: &str| json!({ "phone": phone(n), "tags": ["all"], "time_zone": zone });
    world.contacts(vec![person(0, HERE), person(1, "Asia/Tokyo")]).await;
    let (id, _) = launch_local(&world, Utc::now() - TimeDelta::seconds(5), "start").await;
    let ended = world.until_status(&id, "completed").await;
    assert_eq!(
        (&ended["progress"]["total"], &ended["progress"]["suppressed"]),
        (&json!(2), &json!(0)),
        "{ended:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_local_time_of_a_zone_is_an_instant(world: World) {
    world.offers().await;
    world.people(1, "all").await;
    let id = world.create(world.draft("all")).await;
    let launch = |body: Value| async { world.post(&format!("campaigns/{id}/launch"), body).await };
    let launched = launch(json!({ "local_time": "2027-01-05T09:00:00", "time_zone": HERE }))
        .await
        .json();
    assert_eq!(
        (&launched["status"], &launched["starts_at"]),
        (&json!("scheduled"), &json!("2027-01-05T03:30:00Z")),
        "{launched:#}"
    );
    for (body, field) in [
        (json!({ "local_time": "2027-01-05T09:00:00" }), "time_zone"),
        (
            json!({ "local_time": "2027-01-05T09:00:00", "time_zone": "recipient" }),
            "fallback_time_zone",
        ),
        (
            json!({ "local_time": "2020-01-05T09:00:00", "time_zone": HERE }),
            "local_time",
        ),
    ] {
        let refused = launch(body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["field"]),
            (422, &json!(field)),
            "{}",
            refused.text()
        );
    }
    world.end().await;
}
