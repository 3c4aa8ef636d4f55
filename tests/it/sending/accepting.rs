use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::world::{DEADLINE, World};
use crate::support::wait::wait_until;

#[both_sizes]
async fn the_same_key_gets_the_same_answer_and_sends_once(world: World) {
    let ana = world.customer(0).await;
    let request = world.text(&ana.wa_id, "once");
    let (first, second) = tokio::join!(
        world.client.post_keyed("/api/v1/messages", "k-1", &request),
        world.client.post_keyed("/api/v1/messages", "k-1", &request),
    );
    assert_eq!(
        (first.status.as_u16(), second.status.as_u16()),
        (202, 202),
        "{}",
        second.text()
    );
    assert_eq!(first.json(), second.json());
    let id = first.json()["id"].as_str().unwrap().to_owned();
    world.until(&id, "read").await;
    let third = world.client.post_keyed("/api/v1/messages", "k-1", &request).await;
    assert_eq!(third.json()["id"], json!(id));
    let replayed = [&first, &second, &third].map(|answer| answer.header("idempotent-replayed") == Some("true"));
    assert!(replayed[2] && replayed[0] != replayed[1], "{replayed:?}");
    let other = world
        .client
        .post_keyed("/api/v1/messages", "k-1", &world.text(&ana.wa_id, "twice"))
        .await;
    assert_eq!(other.problem(409), "key-reused");
    world.running.app.clock.advance(chrono::TimeDelta::hours(25));
    let fresh = world
        .client
        .post_keyed("/api/v1/messages", "k-1", &world.text_anyway(&ana.wa_id, "a day later"))
        .await;
    assert_eq!(fresh.status.as_u16(), 202, "{}", fresh.text());
    assert_eq!(world.accepted("once").len(), 1);
    world.end().await;
}

#[both_sizes]
async fn a_batch_with_a_key_is_taken_once(world: World) {
    let ana = world.customer(0).await;
    let good = world.text(&ana.wa_id, "in a batch");
    let bad = world.text(&ana.wa_id, "");
    let batch = json!({ "messages": [good, bad] });
    let first = world
        .client
        .post_keyed("/api/v1/messages/batch", "b-1", &batch)
        .await
        .ok();
    let again = world
        .client
        .post_keyed("/api/v1/messages/batch", "b-1", &batch)
        .await
        .ok();
    let replayed = [&first, &again].map(|answer| answer.header("idempotent-replayed"));
    assert_eq!(replayed, [None, Some("true")]);
    let (first, again) = (first.json(), again.json());
    assert_eq!(
        first["results"][0]["message"]["id"],
        again["results"][0]["message"]["id"]
    );
    assert_eq!(first["results"][1]["problem"]["field"], "text.body", "{first:#}");
    wait_until(DEADLINE, "it is sent", async || {
        !world.accepted("in a batch").is_empty()
    })
    .await;
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 1);
    world.end().await;
}

#[both_sizes]
async fn a_key_stands_for_the_whole_of_a_batch(world: World) {
    let ana = world.customer(0).await;
    let batch = |texts: &[&str]| {
        let messages: Vec<Value> = texts.iter().map(|text| world.text_anyway(&ana.wa_id, text)).collect();
        json!({ "messages": messages })
    };
    let send = async |key: &str, texts: &[&str]| {
        world
            .client
            .post_keyed("/api/v1/messages/batch", key, &batch(texts))
            .await
    };
    let sends = async || world.number("SELECT COUNT(*) FROM sends").await;
    let first = send("k", &["a"]).await.ok().json();
    for other in [&["a", "b"][..], &["b"], &[""]] {
        assert_eq!(send("k", other).await.problem(409), "key-reused", "{other:?}");
    }
    assert_eq!(sends().await, 1, "none of another batch is sent");
    assert_eq!(send("k", &["a"]).await.ok().json(), first);
    let alone = world
        .client
        .post_keyed("/api/v1/messages", "k", &world.text(&ana.wa_id, "a"))
        .await;
    assert_eq!(alone.problem(409), "key-reused", "a batch has it");

    let refused = send("none", &["", ""]).await.ok().json();
    assert_eq!(
        send("none", &["c"]).await.problem(409),
        "key-reused",
        "though all of the first were refused"
    );
    assert_eq!(send("none", &["", ""]).await.ok().json(), refused);
    world
        .client
        .post_keyed("/api/v1/messages", "one", &world.text(&ana.wa_id, "d"))
        .await;
    assert_eq!(send("one", &["e"]).await.problem(409), "key-reused", "a message has it");
    assert_eq!(sends().await, 2);

    let both = batch(&["f", "g"]);
    let (one, other) = tokio::join!(
        world.client.post_keyed("/api/v1/messages/batch", "two", &both),
        world.client.post_keyed("/api/v1/messages/batch", "two", &both),
    );
    assert_eq!(one.ok().json(), other.ok().json());
    assert_eq!(sends().await, 4);
    world.running.app.clock.advance(chrono::TimeDelta::hours(25));
    send("k", &["a day later", "b"]).await.ok();
    assert_eq!(sends().await, 6);
    world.end().await;
}

#[both_sizes]
async fn a_batch_may_have_a_thousand_long_messages(world: World) {
    let long: String = "Д".repeat(4_096);
    let messages: Vec<Value> = (0..1_000).map(|_| world.text_anyway("4915112345678", &long)).collect();
    let answer = world
        .post("messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1_000);
    assert!(
        results.iter().all(|it| it["message"]["status"] == "queued"),
        "{:#}",
        results[0]
    );
    let over = json!({ "messages": [world.text("4915112345678", &"x".repeat(32 << 20))] });
    let refused = world.post("messages/batch", over).await;
    assert_eq!(
        (refused.problem(413).as_str(), &refused.json()["limit"]),
        ("too-large", &json!(32 << 20))
    );
    let over = world.text("4915112345678", &"x".repeat(1 << 20));
    for path in ["messages", "messages/cancel", "endpoints"] {
        let refused = world.post(path, over.clone()).await;
        assert_eq!(
            (refused.problem(413).as_str(), &refused.json()["limit"]),
            ("too-large", &json!(1 << 20)),
            "{path}"
        );
    }
    world.end().await;
}

#[both_sizes]
async fn a_member_that_is_not_understood_is_named(world: World) {
    let good = world.text("4915112345678", "x");
    let with = |member: &str, value: Value| {
        let mut request = good.clone();
        request[member] = value;
        request
    };
    let mut nowhere = good.clone();
    nowhere.as_object_mut().unwrap().remove("channel_id");
    let cases = [
        (with("lane", json!("vip")), "lane"),
        (with("expires_at", json!("yesterday")), "expires_at"),
        (with("to", json!({ "contact_id": "con_1" })), "to.contact_id"),
        (with("to", json!({ "telephone": "1" })), "to.telephone"),
        (with("channel_id", json!("nowhere")), "channel_id"),
        (with("context", json!({})), "context.message_id"),
        (with("product_policy", json!(7)), "product_policy"),
        (nowhere, "channel_id"),
    ];
    let batch: Vec<&Value> = cases.iter().map(|(request, _)| request).collect();
    let batch = world
        .post("messages/batch", json!({ "messages": batch }))
        .await
        .ok()
        .json();
    for (n, (request, field)) in cases.iter().enumerate() {
        let refused = world.post("messages", request.clone()).await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json()["field"]),
            ("invalid-field", &json!(field))
        );
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(!detail.contains("column") && !detail.contains(".."), "{detail}");
        assert_eq!(batch["results"][n]["problem"]["field"], json!(field));
    }
    assert_eq!(
        world.post("messages/batch", json!({ "messages": 7 })).await.json()["field"],
        "messages"
    );
    world.end().await;
}

#[both_sizes]
async fn a_conversation_whose_last_message_has_no_wamid_shows_none(world: World) {
    let ana = world.customer(0).await;
    let last = async || world.client.get("/api/v1/conversations").await.ok().json()["data"][0]["last_message"].clone();
    assert!(
        last().await["wamid"]
            .as_str()
            .is_some_and(|wamid| wamid.starts_with("wamid."))
    );
    world.send(world.text(&ana.wa_id, "hello")).await;
    let sent = last().await;
    assert_eq!(
        (&sent["direction"], &sent["wamid"]),
        (&json!("outbound"), &Value::Null),
        "{sent:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn what_breaks_a_limit_is_refused_with_the_field_and_the_limit(world: World) {
    let long = "x".repeat(4_097);
    let to = json!({ "phone": "4915123456789" });
    let buttons: Vec<Value> = (0..4)
        .map(|n| json!({ "type": "reply", "reply": { "id": n.to_string(), "title": "Yes" } }))
        .collect();
    let cases = [
        (
            json!({ "type": "text", "text": { "body": long } }),
            "text.body",
            json!(4_096),
        ),
        (
            json!({ "type": "interactive", "interactive": { "type": "button", "body": { "text": "?" }, "action": { "buttons": buttons } } }),
            "interactive.action.buttons",
            json!(3),
        ),
        (json!({ "type": "image", "image": {} }), "image", Value::Null),
        (json!({ "type": "telepathy", "telepathy": {} }), "type", Value::Null),
        (
            json!({ "type": "text", "text": { "body": "x" }, "txet": 1 }),
            "txet",
            Value::Null,
        ),
        (
            json!({ "type": "text", "text": { "body": "x" }, "context": { "message_id": "" } }),
            "context.message_id",
            Value::Null,
        ),
        (
            json!({ "type": "pin", "pin": { "type": "pin", "message_id": "wamid.A", "expiration_days": 7 } }),
            "type",
            Value::Null,
        ),
    ];
    for (mut request, field, limit) in cases {
        request["channel_id"] = json!(world.channel);
        request["to"] = to.clone();
        let answer = world.post("messages", request).await;
        assert_eq!(answer.problem(422), "invalid-field");
        let problem = answer.json();
        assert_eq!(problem["field"], field, "{problem:#}");
        assert_eq!(problem["limit"], limit, "{problem:#}");
    }
    let mut nobody = world.text("4915123456789", "x");
    nobody["to"] = json!({});
    assert_eq!(world.post("messages", nobody).await.json()["field"], "to");
    let mut nowhere = world.text("4915123456789", "x");
    nowhere["channel_id"] = json!("chn_01890000000070008000000000000000");
    let answer = world.post("messages", nowhere).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text());
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 0);
    world.end().await;
}

#[both_sizes]
async fn a_person_can_be_written_to_by_user_id_and_by_contact(world: World) {
    let ana = world.customer(0).await;
    let page = world.client.get("/api/v1/conversations").await.ok().json();
    let contact = page["data"][0]["contact_id"].clone();
    let mut request = world.text("", "by contact");
    request["to"] = json!({ "contact_id": contact });
    let id = world.send(request).await;
    world.until(&id, "read").await;
    let mut request = world.text("", "by user id");
    request["to"] = json!({ "user_id": ana.user_id });
    let id = world.send(request).await;
    let message = world.until(&id, "read").await;
    assert_eq!(message["contact_id"], contact, "the same person");
    let opened = world.number("SELECT COUNT(*) FROM conversations").await;
    assert_eq!(opened, 1, "and the same conversation");
    world.end().await;
}
