use mainstay_sim::{Moderation, Verdict};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::STRANGER;
use crate::sending::world::World;

fn draft(world: &World, name: &str, components: Value) -> Value {
    json!({ "channel_id": world.channel, "name": name, "language": "en_US", "category": "UTILITY", "components": components })
}

fn body(text: &str) -> Value {
    json!([{ "type": "BODY", "text": text, "example": { "body_text": [["Ana"]] } }])
}

fn moderation(verdict: Verdict, after_ms: u64) -> Moderation {
    Moderation {
        verdict,
        after_ms,
        ..Moderation::default()
    }
}

#[both_sizes]
async fn a_template_is_made_reviewed_sent_edited_and_deleted(world: World) {
    world.fetch_templates().await;
    let graph = world.simulator.graph();
    graph.set_moderation(moderation(Verdict::Approve, 400));
    let made = world
        .post(
            "templates",
            draft(&world, "parcel_ready", body("Hello {{1}}, your parcel is here.")),
        )
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let made = made.json();
    assert_eq!((&made["status"], &made["sendable"]), (&json!("PENDING"), &json!(false)));
    assert_eq!(made["places"][0]["key"], "body.1");
    assert_eq!(made["places"][0]["example"], "Ana");
    let send = || world.template_to(STRANGER, "parcel_ready", "en_US", &["Ana"]);
    assert_eq!(
        world.post("messages", send()).await.problem(422),
        "template-not-sendable"
    );
    world.until_template("parcel_ready", "APPROVED").await;
    let sent = world.send(send()).await;
    world
        .until_is(&sent, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    let twin = world
        .post("templates", draft(&world, "parcel_ready", body("Another one.")))
        .await;
    assert_eq!(twin.problem(409), "conflict");

    let uri = format!("/api/v1/templates/{}", made["id"].as_str().unwrap());
    let recategorized = world.client.patch(&uri, json!({ "category": "MARKETING" })).await;
    assert_eq!(
        (recategorized.problem(422).as_str(), &recategorized.json()["field"]),
        ("invalid-field", &json!("category"))
    );
    let edited = world
        .client
        .patch(
            &uri,
            json!({ "components": body("Dear {{1}} and {{2}}, your parcels are here now.") }),
        )
        .await
        .ok()
        .json();
    assert_eq!(edited["places"].as_array().unwrap().len(), 2);
    world.until_template("parcel_ready", "APPROVED").await;
    let old_shape = world.post("messages", send()).await;
    assert_eq!(
        old_shape.json()["field"],
        "template.components[0].parameters",
        "{}",
        old_shape.text()
    );
    // Once a day, says Meta, and that is passed on.
    let too_often = world
        .client
        .patch(&uri, json!({ "components": body("Hello {{1}}, it is here.") }))
        .await;
    assert_eq!(too_often.problem(422), "meta-refused");
    assert!(
        too_often.json()["detail"].as_str().unwrap().contains("once a day"),
        "{}",
        too_often.text()
    );

    assert_eq!(world.client.delete(&uri).await.status.as_u16(), 204);
    assert_eq!(world.client.delete(&uri).await.status.as_u16(), 204);
    assert_eq!(world.client.get(&uri).await.ok().json()["status"], "DELETED");
    assert_eq!(
        world.post("messages", send()).await.problem(422),
        "template-not-sendable"
    );
    let buried = world
        .post(
            "templates",
            draft(&world, "parcel_ready", body("Hello {{1}}, your parcel is here.")),
        )
        .await;
    assert_eq!(buried.problem(422), "meta-refused");
    world.end().await;
}

#[both_sizes]
async fn what_meta_rejects_at_once_is_shown_with_its_reason(world: World) {
    world.fetch_templates().await;
    world.simulator.graph().set_moderation(moderation(Verdict::Reject, 0));
    let made = world
        .post(
            "templates",
            draft(&world, "bad_one", body("Hello {{1}}, buy this now.")),
        )
        .await
        .json();
    assert_eq!(
        (&made["status"], &made["rejected_reason"]),
        (&json!("REJECTED"), &json!("INVALID_FORMAT"))
    );
    world.end().await;
}

#[both_sizes]
async fn drafts_are_held_against_the_documented_limits_before_meta_is_asked(world: World) {
    let calls = world.simulator.graph().summary().calls;
    let buttons = |buttons: Value| json!([{ "type": "BODY", "text": "Hi" }, { "type": "BUTTONS", "buttons": buttons }]);
    let reply = |text: &str| json!({ "type": "QUICK_REPLY", "text": text });
    let url = |url: &str| json!({ "type": "URL", "text": "Go", "url": url });
    let header =
        |text: &str| json!([{ "type": "HEADER", "format": "TEXT", "text": text }, { "type": "BODY", "text": "Hi" }]);
    for (components, field, limit) in [
        (json!([]), "components", None),
        (json!([{ "type": "FOOTER", "text": "x" }]), "components", None),
        (body(&"x".repeat(1_025)), "components[0].text", Some(1_024)),
        (body("{{1}} is here"), "components[0].text", None),
        (body("It is {{1}}"), "components[0].text", None),
        (body("From {{1}} to {{3}} it is"), "components[0].text", None),
        (body("Hi {{Name}}, hello"), "components[0].text", None),
        (header(&"x".repeat(61)), "components[0].text", Some(60)),
        (header("{{1}} {{2}}"), "components[0].text", Some(1)),
        (
            json!([{ "type": "BODY", "text": "Hi" }, { "type": "FOOTER", "text": "{{1}} x" }]),
            "components[1].text",
            None,
        ),
        (buttons(json!([])), "components[1].buttons", None),
        (
            buttons((0..11).map(|_| reply("x")).collect()),
            "components[1].buttons",
            Some(10),
        ),
        (
            buttons(json!([reply(&"x".repeat(26))])),
            "components[1].buttons[0].text",
            Some(25),
        ),
        (
            buttons(json!([url("https://a.example/{{1}}/x")])),
            "components[1].buttons[0].url",
            None,
        ),
        (
            buttons(json!([url("https://a"), url("https://b"), url("https://c")])),
            "components[1].buttons",
            Some(2),
        ),
        (
            buttons(json!([reply("a"), url("https://a"), reply("b")])),
            "components[1].buttons",
            None,
        ),
        (
            buttons(json!([{ "type": "COPY_CODE", "example": "x".repeat(21) }])),
            "components[1].buttons[0].example",
            Some(20),
        ),
        (
            json!([{ "type": "BODY", "text": "Hi" }, { "type": "CAROUSEL", "cards": [{ "components": [] }] }]),
            "components[1].cards",
            Some(10),
        ),
    ] {
        let answer = world
            .post("templates", draft(&world, "draft", components.clone()))
            .await;
        assert_eq!(answer.problem(422), "invalid-field", "{components}");
        let problem = answer.json();
        assert_eq!(
            (&problem["field"], problem["limit"].as_u64()),
            (&json!(field), limit),
            "{problem}"
        );
    }
    let mut named = draft(&world, "Big-Name", body("Hi"));
    assert_eq!(world.post("templates", named.clone()).await.json()["field"], "name");
    named["name"] = json!("fine");
    named["message_send_ttl_seconds"] = json!(43_201);
    assert_eq!(world.post("templates", named).await.json()["limit"], 43_200);
    let listings = 3; // The sync may have been made meanwhile.
    assert!(world.simulator.graph().summary().calls <= calls + listings);
    world.end().await;
}

#[both_sizes]
async fn a_preview_shows_what_the_customer_reads_and_what_meta_gets(world: World) {
    world.fetch_templates().await;
    let shipped = world.template("order_shipped").await;
    let id = shipped["id"].as_str().unwrap();
    let shown = world.client.get(&format!("/api/v1/templates/{id}")).await.ok().json();
    assert_eq!(
        (&shown["variables"], &shown["places"][1]["key"]),
        (&json!("positional"), &json!("body.2"))
    );
    let uri = format!("templates/{id}/preview");
    let preview = world
        .post(&uri, json!({ "variables": { "1": "Ana", "body.2": 17 } }))
        .await
        .ok()
        .json();
    assert_eq!(
        preview["rendered"]["body"],
        "Hello Ana, your order 17 is on its way to you."
    );
    assert_eq!(preview["meta_request"]["template"], preview["template"]);
    let missing = world.post(&uri, json!({ "variables": { "1": "Ana" } })).await;
    assert_eq!(
        (missing.problem(422).as_str(), &missing.json()["field"]),
        ("invalid-field", &json!("variables.body.2"))
    );
    // What was previewed is what is sent.
    let mut send = json!({ "channel_id": world.channel, "to": { "phone": STRANGER }, "type": "template" });
    send["template"] = preview["template"].clone();
    let id = world.send(send).await;
    world
        .until_is(&id, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    let accepted = world.simulator.graph().sends()[0].json();
    let mut expected = preview["meta_request"].clone();
    for key in ["to", "biz_opaque_callback_data"] {
        expected[key] = accepted[key].clone();
    }
    assert_eq!(accepted, expected);
    world.end().await;
}
