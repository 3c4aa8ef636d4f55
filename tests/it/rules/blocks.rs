use chrono::TimeDelta;
use mainstay_sim::{Fault, FaultRule};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::events;
use crate::sending::world::World;

#[both_sizes]
async fn a_blocked_customer_is_not_written_to_until_they_are_unblocked(world: World) {
    let ana = world.customer(0).await;
    let silent = world.simulator.customers().last().unwrap().wa_id.clone();
    let blocks = format!("/api/v1/channels/{}/blocks", world.channel);
    // One is on its way already, and rests for a minute.
    world.fault(FaultRule::new(Fault::error(131_057)).times(1));
    let queued = world.send(world.text(&ana.wa_id, "queued before")).await;
    world
        .until_is(&queued, "it rests", |it| World::outcomes(it) == ["rejected"])
        .await;
    let contact = world.message(&queued).await["contact_id"].clone();

    let users = json!({ "users": [{ "contact_id": contact }, { "phone": silent }] });
    let results = world.client.post(&blocks, users).await.ok().json();
    assert_eq!(
        results["results"][0],
        json!({ "contact_id": contact, "done": true, "error_code": null, "error": null })
    );
    assert_eq!(
        (&results["results"][1]["done"], &results["results"][1]["error_code"]),
        (&json!(false), &json!(131_047))
    );
    let refused = world
        .client
        .post("/api/v1/messages", world.text(&ana.wa_id, "hello"))
        .await;
    assert_eq!(refused.problem(409), "blocked");
    assert!(refused.text().contains("unblock"), "{}", refused.text());
    world.running.app.clock.advance(TimeDelta::seconds(62));
    let failed = world.until(&queued, "failed").await;
    assert_eq!(failed["error"]["code"], 130_403, "{failed:#}");
    assert!(
        failed["error"]["title"].as_str().unwrap().starts_with("blocked: "),
        "{failed:#}"
    );
    assert_eq!(World::outcomes(&failed), ["rejected"], "Meta was not asked again");

    let list = world.client.get(&format!("{blocks}?limit=10")).await.ok().json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["contact_id"], contact);
    let unblocked = world
        .client
        .delete_with(&blocks, json!({ "users": [{ "phone": ana.wa_id }] }))
        .await
        .ok()
        .json();
    assert_eq!(unblocked["results"][0]["contact_id"], contact);
    let id = world.send(world.text(&ana.wa_id, "welcome back")).await;
    world.until(&id, "read").await;
    let told = [
        events(&world, "contact.blocked").await.len(),
        events(&world, "contact.unblocked").await.len(),
    ];
    assert_eq!(told, [1, 1]);
    world.end().await;
}

#[both_sizes]
async fn who_was_blocked_elsewhere_is_known_from_the_list(world: World) {
    let ana = world.customer(0).await;
    let blocks = format!("/api/v1/channels/{}/blocks", world.channel);
    world
        .client
        .post(&blocks, json!({ "users": [{ "phone": ana.wa_id }] }))
        .await
        .ok();
    // As if it had been done with another tool.
    let removed = world.running.app.db.sql("DELETE FROM blocks", ()).run().await.unwrap();
    assert_eq!(removed, 1);
    world.client.get(&blocks).await.ok();
    let refused = world
        .client
        .post("/api/v1/messages", world.text(&ana.wa_id, "hello"))
        .await;
    assert_eq!(refused.problem(409), "blocked");
    world.end().await;
}

#[both_sizes]
async fn a_request_to_block_is_checked(world: World) {
    let blocks = format!("/api/v1/channels/{}/blocks", world.channel);
    for users in [json!([]), json!([{ "phone": "123" }]), json!([{}])] {
        let answer = world.client.post(&blocks, json!({ "users": users })).await;
        assert_eq!(answer.problem(422), "invalid-field", "{users}");
    }
    let elsewhere = "/api/v1/channels/chn_0198aaaabbbb7ccc8dddeeeeffff0001/blocks";
    let users = json!({ "users": [{ "phone": "5491123456789" }] });
    assert_eq!(world.client.post(elsewhere, users).await.problem(404), "not-found");
    world.end().await;
}
