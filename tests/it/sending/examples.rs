//! The examples of the OpenAPI document, posted.

use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::World;

#[both_sizes]
async fn every_example_of_the_document_is_accepted(world: World) {
    world.fetch_templates().await;
    let ana = world.customer(0).await;
    let first = world.send(world.text(&ana.wa_id, "hello")).await;
    let message = world.message(&first).await;
    let document = world.client.get("/api/openapi.json").await.ok().json();
    let example = |path: &str, method: &str| {
        let content = &document["paths"][path][method]["requestBody"]["content"]["application/json"];
        content["example"].clone()
    };
    let own = world
        .post("message-templates", example("/api/v1/message-templates", "post"))
        .await;
    assert_eq!(own.status.as_u16(), 201, "{}", own.text());
    let examples =
        &document["paths"]["/api/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["examples"];
    let mut kinds = Vec::new();
    for (name, shown) in examples.as_object().unwrap() {
        let mut request = shown["value"].clone();
        kinds.push(request["type"].clone());
        fill(&mut request, &world, &ana.wa_id, &message);
        if request["type"] == "template" {
            // The account of the simulator has no template of the example's name.
            let with_variable = json!({ "name": "order_shipped", "language": "en_US", "variables": variables(&world, "order_shipped").await });
            request["template"] = with_variable;
        }
        let answer = world.client.post("/api/v1/messages", request).await;
        assert_eq!(answer.status.as_u16(), 202, "{name}: {}", answer.text());
    }
    for kind in [
        "text",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "interactive",
        "template",
    ] {
        assert!(kinds.contains(&json!(kind)), "no example of {kind}");
    }
    let mut batch = example("/api/v1/messages/batch", "post");
    for request in batch["messages"].as_array_mut().unwrap() {
        fill(request, &world, &ana.wa_id, &message);
    }
    let answer = world.post("messages/batch", batch).await.ok().json();
    for result in answer["results"].as_array().unwrap() {
        assert!(result["message"].is_object(), "{result}");
    }
    world.end().await;
}

/// Puts real ids in the place of the examples'.
fn fill(request: &mut Value, world: &World, to: &str, message: &Value) {
    if !request["channel_id"].is_null() {
        request["channel_id"] = json!(world.channel);
    }
    for (member, real) in [
        ("phone", json!(to)),
        ("contact_id", message["contact_id"].clone()),
        ("conversation_id", message["conversation_id"].clone()),
    ] {
        if !request["to"][member].is_null() {
            request["to"] = json!({ member: real });
        }
    }
    if !request["context"].is_null() {
        request["context"] = json!({ "message_id": "wamid.HBgLMTU1NTAxMDA3NzcVAgASGBQzQTAx" });
    }
}

/// A value for each variable of a template.
async fn variables(world: &World, name: &str) -> Value {
    let listed = world.client.get("/api/v1/templates?limit=200").await.ok().json();
    let rows = listed["data"].as_array().unwrap();
    let found = rows
        .iter()
        .find(|it| it["name"] == name && it["language"] == "en_US")
        .unwrap();
    let path = format!("/api/v1/templates/{}", found["id"].as_str().unwrap());
    let shown = world.client.get(&path).await.ok().json();
    let places = shown["places"].as_array().unwrap().iter();
    places
        .map(|it| (it["key"].as_str().unwrap().to_owned(), json!("17")))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
