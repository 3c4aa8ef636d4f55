//! Who is written to, in which language, with which values; and who is not, and why.

use std::collections::BTreeMap;

use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::phone;
use crate::sending::world::World;

fn reasons(recipients: &[Value]) -> BTreeMap<String, String> {
    let reason = |it: &Value| {
        let contact = it["contact_id"].as_str().unwrap().to_owned();
        (contact, it["reason"].as_str().unwrap_or("written to").to_owned())
    };
    recipients.iter().map(reason).collect()
}

#[both_sizes]
async fn who_may_not_be_written_to_is_suppressed_with_the_reason(world: World) {
    world.offers().await;
    world
        .post("contact-fields", json!({ "key": "city", "type": "text" }))
        .await;
    let with = |n: usize, more: Value| {
        let mut contact = json!({ "phone": phone(n), "tags": ["all"], "fields": { "city": "Pune" } });
        contact
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        contact
    };
    let people = vec![
        with(0, json!({})),
        with(1, json!({ "fields": {} })),
        with(2, json!({})),
        with(3, json!({})),
        with(4, json!({ "tags": ["all", "rivals"] })),
        json!({ "external_id": "no-number", "tags": ["all"], "fields": { "city": "Pune" } }),
    ];
    let ids = world.contacts(people).await;
    let consent = json!({ "purpose": "marketing", "status": "revoked", "source": "form" });
    let answer = world.post(&format!("contacts/{}/consents", ids[2]), consent).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let archived = world.client.delete(&format!("/api/v1/contacts/{}", ids[3])).await;
    assert!(archived.status.is_success(), "{}", archived.text());
    let mut draft = world.draft("all");
    draft["exclude"] = json!([{ "tag": "rivals" }]);
    draft["variables"] = json!({ "body.1": { "field": "fields.city" } });
    let id = world.launch(draft).await;
    let campaign = world.until_status(&id, "completed").await;
    let found = reasons(&world.recipients(&id, "").await);
    let expected = [
        (0, "written to"),
        (1, "variable_missing"),
        (2, "opted_out"),
        (5, "no_address"),
    ];
    let expected = expected.map(|(n, reason)| (ids[n].clone(), reason.to_owned()));
    assert_eq!(found, BTreeMap::from(expected), "{campaign:#}");
    assert_eq!(campaign["progress"]["suppressed"], 3);
    assert_eq!(world.recipients(&id, "&status=suppressed").await.len(), 3);
    world.end().await;
}

#[both_sizes]
async fn each_is_written_to_in_their_language(world: World) {
    world.offers().await;
    let person = |n: usize, language: &str| json!({ "phone": phone(n), "language": language, "tags": ["all"] });
    let people = vec![
        person(0, "es"),
        person(1, "es-MX"),
        person(2, "de"),
        json!({ "phone": phone(3), "tags": ["all"] }),
    ];
    world.contacts(people).await;
    let id = world.launch(world.draft("all")).await;
    world.until_status(&id, "completed").await;
    let sends = world.simulator.graph().sends();
    let mut languages: Vec<(String, String)> = sends
        .iter()
        .map(|it| {
            let json = it.json();
            let code = json["template"]["language"]["code"].as_str().unwrap().to_owned();
            (json["to"].as_str().unwrap().trim_start_matches('+').to_owned(), code)
        })
        .collect();
    languages.sort();
    let expected = [(0, "es"), (1, "es"), (2, "en_US"), (3, "en_US")];
    let expected = expected.map(|(n, code)| (phone(n).trim_start_matches('+').to_owned(), code.to_owned()));
    assert_eq!(languages, expected);
    world.end().await;
}

#[both_sizes]
async fn contacts_that_are_named_are_written_to_and_nobody_else(world: World) {
    world.offers().await;
    let ids = world.people(5, "all").await;
    let mut draft = world.draft("all");
    draft["audience"] = json!({ "contacts": [ids[1], ids[3]] });
    let id = world.launch(draft).await;
    world.until_status(&id, "completed").await;
    let counts: Vec<u32> = (0..5).map(|n| world.accepted_for(&phone(n))).collect();
    assert_eq!(counts, [0, 1, 0, 1, 0]);
    world.end().await;
}

#[both_sizes]
async fn who_refuses_after_the_freeze_is_not_written_to(world: World) {
    world.offers().await;
    let ids = world.people(6, "all").await;
    let mut draft = world.draft("all");
    draft["rate_per_second"] = json!(1);
    let id = world.launch(draft).await;
    world
        .until_campaign(&id, "all are frozen", |it| it["frozen_at"].is_string())
        .await;
    // Ordinals go from the newest contact to the oldest.
    let consent = json!({ "purpose": "all", "status": "revoked", "source": "form" });
    let answer = world.post(&format!("contacts/{}/consents", ids[0]), consent).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let campaign = world.until_status(&id, "completed").await;
    assert_eq!(world.accepted_for(&phone(0)), 0, "{campaign:#}");
    assert_eq!(campaign["progress"]["suppressed"], 1, "{campaign:#}");
    world.end().await;
}
