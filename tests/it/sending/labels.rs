//! What callers attach to messages, how they find them again, and what is refused at once.

use chrono::TimeDelta;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::World;

fn ids(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().expect("a page");
    rows.iter().map(|row| row["id"].as_str().expect("an id")).collect()
}

async fn list(world: &World, query: &str) -> Value {
    world.client.get(&format!("/api/v1/messages?{query}")).await.ok().json()
}

#[both_sizes]
async fn a_reference_and_metadata_come_back_everywhere_and_find_the_message(world: World) {
    let ana = world.customer(0).await;
    let mut request = world.text(&ana.wa_id, "on its way");
    request["reference"] = json!("order-1042");
    request["metadata"] = json!({ "shop": 7, "tags": ["a", "b"] });
    let id = world.send(request).await;
    let plain = world.send(world.text(&ana.wa_id, "thank you")).await;
    let message = world.until(&id, "read").await;
    assert_eq!(message["reference"], "order-1042");
    assert_eq!(message["metadata"], json!({ "shop": 7, "tags": ["a", "b"] }));
    let other = world.until(&plain, "read").await;
    assert_eq!((&other["reference"], &other["metadata"]), (&Value::Null, &Value::Null));
    let events = world.client.get("/api/v1/events?limit=200").await.ok().json();
    let mut count = 0;
    for event in events["data"].as_array().unwrap() {
        if event["data"]["message_id"] == json!(id) {
            assert_eq!(event["data"]["reference"], "order-1042", "{event}");
            assert_eq!(event["data"]["metadata"]["shop"], 7, "{event}");
            count += 1;
        }
    }
    assert!(count >= 4, "accepted, sent, delivered and read are events: {count}");
    assert_eq!(ids(&list(&world, "reference=order-1042").await), [&id]);
    assert_eq!(list(&world, "reference=order").await["data"], json!([]), "in full only");
    world.end().await;
}

#[both_sizes]
async fn labels_have_limits(world: World) {
    let ana = world.customer(0).await;
    for (member, value) in [
        ("reference", json!("")),
        ("reference", json!("x".repeat(256))),
        ("metadata", json!({ "x": "y".repeat(4_096) })),
        ("metadata", json!("text")),
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("k".repeat(256))),
        ("if_window_closed", json!("perhaps")),
    ] {
        let mut request = world.text(&ana.wa_id, "x");
        request[member] = value.clone();
        let refused = world.post("messages", request).await;
        assert_eq!(refused.problem(422), "invalid-field", "{member} {value}");
        assert_eq!(refused.json()["field"], member, "{}", refused.text());
    }
    let mut most = world.text(&ana.wa_id, "x");
    most["reference"] = json!("x".repeat(255));
    most["metadata"] = json!({ "x": "y".repeat(4_096 - 8) });
    world.send(most).await;
    world.end().await;
}

#[both_sizes]
async fn a_conversation_alone_says_where_to(world: World) {
    let ana = world.customer(0).await;
    let first = world.send(world.text(&ana.wa_id, "hello")).await;
    let conversation = world.message(&first).await["conversation_id"].clone();
    let request = json!({ "to": { "conversation_id": conversation }, "type": "text", "text": { "body": "again" } });
    let second = world.send(request.clone()).await;
    let message = world.until(&second, "read").await;
    assert_eq!(message["conversation_id"], conversation);
    let mut wrong = request.clone();
    wrong["channel_id"] = json!("chn_0198aaaabbbb7ccc8dddeeeeffff0001");
    assert_eq!(world.post("messages", wrong).await.json()["field"], "channel_id");
    let nobody = json!({ "conversation_id": "cnv_0198aaaabbbb7ccc8dddeeeeffff0001" });
    let mut unknown = request;
    unknown["to"] = nobody;
    assert_eq!(
        world.post("messages", unknown).await.json()["field"],
        "to.conversation_id"
    );
    let of = |query: String| async move { query };
    let query = of(format!("conversation={}", conversation.as_str().unwrap())).await;
    let listed = list(&world, &format!("{query}&direction=outbound")).await;
    assert_eq!(ids(&listed), [&second, &first]);
    let contact = message["contact_id"].as_str().unwrap();
    assert_eq!(
        ids(&list(&world, &format!("contact={contact}&direction=outbound")).await),
        [&second, &first]
    );
    let page = list(&world, &format!("contact={contact}&direction=outbound&limit=1")).await;
    assert_eq!(ids(&page), [&second]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = list(
        &world,
        &format!("contact={contact}&direction=outbound&limit=1&cursor={cursor}"),
    )
    .await;
    assert_eq!(ids(&next), [&first]);
    world.end().await;
}

#[both_sizes]
async fn a_closed_window_is_refused_at_once_and_nothing_is_stored(world: World) {
    world.fetch_templates().await;
    let ana = world.customer(0).await;
    world.running.app.clock.advance(TimeDelta::hours(25));
    let before = world.number("SELECT COUNT(*) FROM messages").await;
    let refused = world.post("messages", world.text(&ana.wa_id, "too late")).await;
    assert_eq!(refused.problem(409), "window-closed");
    let error = &refused.json()["error"];
    assert_eq!((&error["code"], &error["who"]), (&json!(131_047), &json!("tenant")));
    assert!(error["advice"].is_string(), "{error}");
    let would_do = error["templates"].as_array().unwrap();
    assert!(would_do.iter().any(|it| it["name"] == "hello_world"), "{error}");
    assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, before);
    let stranger = world.post("messages", world.text("4915112345678", "hello?")).await;
    assert_eq!(stranger.problem(409), "window-closed");
    let batch = json!({ "messages": [world.text(&ana.wa_id, "a"), world.text_anyway(&ana.wa_id, "b")] });
    let answer = world.post("messages/batch", batch).await.ok().json();
    assert_eq!(answer["results"][0]["problem"]["error"]["code"], 131_047);
    let queued = answer["results"][1]["message"]["id"].as_str().unwrap();
    assert_eq!(world.until(queued, "failed").await["error"]["code"], 131_047);
    let template = json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id }, "type": "template",
        "template": { "name": "hello_world", "language": "en_US" } });
    world.send(template).await;
    world.end().await;
}

#[both_sizes]
async fn a_template_takes_variables_by_key(world: World) {
    world.fetch_templates().await;
    let ana = world.customer(0).await;
    let templates = world.client.get("/api/v1/templates?limit=200").await.ok().json();
    let mut tried = 0;
    for row in templates["data"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let template = world.client.get(&format!("/api/v1/templates/{id}")).await.ok().json();
        let places = template["places"].as_array().unwrap();
        if template["sendable"] != json!(true) || places.iter().any(|it| it["type"] != "text") {
            continue;
        }
        let variables: serde_json::Map<String, Value> = places
            .iter()
            .map(|it| (it["key"].as_str().unwrap().to_owned(), json!("Ana")))
            .collect();
        let body = json!({ "variables": variables, "channel_id": world.channel, "to": { "phone": ana.wa_id } });
        let preview = world.post(&format!("templates/{id}/preview"), body).await.ok().json();
        let posted = world.message(&world.send(preview["request"].clone()).await).await;
        let named = json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id }, "type": "template",
            "template": { "name": template["name"], "language": template["language"], "variables": variables } });
        let sent = world.message(&world.send(named).await).await;
        assert_eq!(sent["payload"], posted["payload"], "{}", template["name"]);
        let name = template["name"].as_str().unwrap();
        let listed = list(&world, &format!("template={name}")).await;
        assert!(ids(&listed).contains(&sent["id"].as_str().unwrap()), "{name}");
        tried += 1;
    }
    assert!(tried >= 2, "{tried}");
    let request = |template: Value| json!({ "channel_id": world.channel, "to": { "phone": ana.wa_id }, "type": "template", "template": template });
    for (template, field) in [
        (
            json!({ "name": "hello_world", "language": "en_US", "variables": { "body.9": "x" } }),
            "template.variables.body.9",
        ),
        (
            json!({ "name": "hello_world", "language": "en_US", "variables": ["x"] }),
            "template.variables",
        ),
        (
            json!({ "name": "hello_world", "language": "en_US", "variables": {}, "components": [] }),
            "template.variables",
        ),
        (
            json!({ "name": "no_such", "language": "en_US", "variables": {} }),
            "template.variables",
        ),
    ] {
        let refused = world.post("messages", request(template.clone())).await;
        assert_eq!(refused.json()["field"], field, "{template}: {}", refused.text());
    }
    world.end().await;
}

#[both_sizes]
async fn a_batch_has_progress_and_its_messages_keys_and_references(world: World) {
    let ana = world.customer(0).await;
    let mut messages: Vec<Value> = (0..4).map(|n| world.text(&ana.wa_id, &format!("part {n}"))).collect();
    for (n, message) in messages.iter_mut().enumerate() {
        message["reference"] = json!(format!("order-{n}"));
        message["idempotency_key"] = json!(format!("key-{n}"));
    }
    messages[3]["type"] = json!("hologram");
    let batch = json!({ "messages": messages });
    let answer = world
        .client
        .post_keyed("/api/v1/messages/batch", "b-1", &batch)
        .await
        .ok()
        .json();
    let results = answer["results"].as_array().unwrap();
    for (n, result) in results.iter().enumerate() {
        assert_eq!(
            (&result["index"], &result["reference"]),
            (&json!(n), &json!(format!("order-{n}")))
        );
        assert_eq!(result["message"].is_object(), n < 3, "{result}");
    }
    let id = answer["id"].as_str().unwrap();
    let again = world
        .client
        .post_keyed("/api/v1/messages/batch", "b-1", &batch)
        .await
        .ok()
        .json();
    assert_eq!(again, answer, "the same batch has the same id");
    // A message's own key stands for it in another batch, and alone.
    let other = json!({ "messages": [messages[1].clone()] });
    let once = world.post("messages/batch", other).await.ok().json();
    assert_eq!(once["results"][0]["message"]["id"], results[1]["message"]["id"]);
    let alone = world.post("messages", messages[2].clone()).await;
    assert_eq!(alone.json()["id"], results[2]["message"]["id"], "{}", alone.text());
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 3);
    for result in &results[..3] {
        world.until(result["message"]["id"].as_str().unwrap(), "read").await;
    }
    let progress = world
        .client
        .get(&format!("/api/v1/messages/batch/{id}"))
        .await
        .ok()
        .json();
    assert_eq!(
        progress,
        json!({ "id": id, "total": 3, "waiting": 0, "by_status": { "read": 3 } })
    );
    assert_eq!(ids(&list(&world, &format!("batch={id}")).await).len(), 3);
    let none = world
        .client
        .get("/api/v1/messages/batch/bat_0198aaaabbbb7ccc8dddeeeeffff0001")
        .await;
    assert_eq!(none.problem(404), "not-found");
    world.end().await;
}

#[both_sizes]
async fn messages_are_found_by_the_time_they_were_stored(world: World) {
    let ana = world.customer(0).await;
    let first = world.send(world.text(&ana.wa_id, "one")).await;
    world.running.app.clock.advance(TimeDelta::minutes(10));
    let between = world.running.app.clock.now();
    world.running.app.clock.advance(TimeDelta::minutes(10));
    let second = world.send(world.text(&ana.wa_id, "two")).await;
    let at = between.format("%FT%TZ");
    assert_eq!(
        ids(&list(&world, &format!("direction=outbound&since={at}")).await),
        [&second]
    );
    assert_eq!(
        ids(&list(&world, &format!("direction=outbound&until={at}")).await),
        [&first]
    );
    let refused = world.client.get("/api/v1/messages?since=yesterday").await;
    assert_eq!(refused.problem(400), "invalid-request");
    world.end().await;
}
