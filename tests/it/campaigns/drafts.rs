//! Drafts: what is refused, and how they change.

use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use crate::sending::world::World;

#[both_sizes]
async fn a_draft_that_cannot_be_sent_is_refused_where_it_is_wrong(world: World) {
    world.offers().await;
    world.people(1, "all").await;
    let change = |path: &str, value: Value| {
        let mut draft = world.draft("all");
        *draft.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        draft
    };
    let cases = [
        (change("/name", json!("")), "name"),
        (change("/audience", json!({})), "audience"),
        (change("/audience", json!({ "tag": "nobody" })), "tag"),
        (change("/audience", json!({ "filter": "tag =" })), "filter"),
        (change("/channels", json!([])), "channels"),
        (change("/channels", json!([world.channel, world.channel])), "channels"),
        (
            change("/channels", json!(["chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"])),
            "channels",
        ),
        (
            change("/variables/body.1", json!({ "field": "fields.nothing" })),
            "variables.body.1",
        ),
        (
            change("/variables/body.1", json!({ "field": "name", "value": "x" })),
            "variables.body.1",
        ),
        (change("/variables/body.1", json!({})), "variables.body.1"),
    ];
    for (draft, field) in cases {
        let answer = world.post("campaigns", draft).await;
        assert_eq!(answer.status.as_u16(), 422, "{field}: {}", answer.text());
        assert_eq!(answer.json()["field"], field, "{}", answer.text());
    }
    // The template is looked at when it is launched.
    for (path, value) in [
        ("/template/name", json!("unknown")),
        ("/template/language", json!("fr")),
        ("/variables", json!({})),
        (
            "/variables",
            json!({ "body.1": { "value": "x" }, "body.2": { "value": "y" } }),
        ),
    ] {
        let id = world.create(change(path, value)).await;
        let answer = world.post(&format!("campaigns/{id}/launch"), json!({})).await;
        assert_eq!(answer.status.as_u16(), 422, "{path}: {}", answer.text());
        assert_eq!(world.campaign(&id).await["status"], "draft");
    }
    world.end().await;
}

#[both_sizes]
async fn a_draft_is_changed_copied_and_removed(world: World) {
    world.offers().await;
    world.people(1, "all").await;
    let id = world.create(world.draft("all")).await;
    let path = format!("/api/v1/campaigns/{id}");
    let changed = world.client.patch(&path, json!({ "name": "Winter" })).await;
    assert_eq!(
        (&changed.json()["name"], &changed.json()["version"]),
        (&json!("Winter"), &json!(2))
    );
    let copied = world.post(&format!("campaigns/{id}/duplicate"), json!({})).await;
    assert_eq!(copied.json()["name"], "Copy of Winter", "{}", copied.text());
    let listed = world.client.get("/api/v1/campaigns?status=draft").await.ok().json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert!(world.client.delete(&path).await.status.is_success());
    assert_eq!(world.client.get(&path).await.status.as_u16(), 404);
    let id = copied.json()["id"].as_str().unwrap().to_owned();
    world.post(&format!("campaigns/{id}/launch"), json!({})).await;
    world.until_status(&id, "completed").await;
    let path = format!("/api/v1/campaigns/{id}");
    assert_eq!(world.client.delete(&path).await.problem(409), "wrong-state");
    assert_eq!(
        world.client.patch(&path, json!({ "name": "x" })).await.problem(409),
        "wrong-state"
    );
    world.end().await;
}
