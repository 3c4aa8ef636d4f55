use mainstay::{messaging, meta::graph::Access};
use mainstay_sim::{Category, TemplatePatch, TemplateSeed, TemplateStatus};
use mainstay_test_macros::both_sizes;
use serde_json::json;

use super::STRANGER;
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::{NUMBER, WABA},
        wait::wait_until,
    },
};

const HELLO: &str = "1100000000000001";

fn to(status: TemplateStatus) -> TemplatePatch {
    TemplatePatch {
        status: Some(status),
        ..TemplatePatch::default()
    }
}

#[both_sizes]
async fn every_page_is_fetched_and_what_is_gone_at_meta_is_marked(world: World) {
    let graph = world.simulator.graph();
    for n in 0..140 {
        graph.add_template(
            WABA,
            TemplateSeed::text(
                &format!("bulk_{n:03}"),
                "en_US",
                Category::Utility,
                "Hello {{1}}, it is here.",
            ),
        );
    }
    world.fetch_templates().await;
    let (all, pages) = world.client.all("/api/v1/templates?limit=50").await;
    assert_eq!((all.len(), pages), (144, 3));
    let (some, _) = world
        .client
        .all("/api/v1/templates?limit=50&name=bulk_00&status=approved&category=utility")
        .await;
    assert_eq!(some.len(), 10);
    let (none, _) = world.client.all("/api/v1/templates?limit=50&name=bulk%25").await;
    assert_eq!(none.len(), 0, "a name is no pattern");
    let channel = format!("/api/v1/templates?limit=200&channel={}", world.channel);
    assert_eq!(world.client.all(&channel).await.0.len(), 144);
    assert_eq!(
        world.client.all("/api/v1/templates?limit=200&waba_id=1").await.0.len(),
        0
    );

    let before = world.template("bulk_007").await;
    let token = mainstay::config::Secret::new("EAAG-test");
    let access = Access {
        phone_number_id: NUMBER,
        waba_id: WABA,
        token: &token,
    };
    world
        .running
        .app
        .templates
        .graph
        .delete_template(access, "bulk_007", None)
        .await
        .unwrap();
    world.fetch_templates().await;
    let gone = world.template("bulk_007").await;
    assert_eq!((&gone["status"], &gone["id"]), (&json!("DELETED"), &before["id"]));
    let refused = world
        .post("messages", world.template_to(STRANGER, "bulk_007", "en_US", &["Ana"]))
        .await;
    assert_eq!(refused.problem(422), "template-not-sendable");

    // Made again under its name it is the same to us, with another id of Meta's.
    graph.add_template(WABA, TemplateSeed::text("bulk_007", "en_US", Category::Marketing, "Hi"));
    world.fetch_templates().await;
    let again = world.template("bulk_007").await;
    assert_eq!(
        (&again["id"], &again["status"], &again["category"]),
        (&before["id"], &json!("APPROVED"), &json!("MARKETING"))
    );
    assert_ne!(again["meta_id"], before["meta_id"]);
    assert_eq!(again["components"], json!([{ "type": "BODY", "text": "Hi" }]));

    let events = world.client.get("/api/v1/events?limit=200").await.ok().json();
    let changes: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["type"] == "template.status_changed")
        .collect();
    // That it was deleted a webhook may have told before.
    let again = changes
        .iter()
        .any(|it| it["data"]["template"]["name"] == "bulk_007" && it["data"]["status"] == "APPROVED");
    assert!(again, "{changes:?}");
    world.end().await;
}

#[both_sizes]
async fn a_template_paused_at_meta_is_refused_and_so_is_what_was_queued_before(world: World) {
    world.fetch_templates().await;
    let hello = || world.template_to(STRANGER, "hello_world", "en_US", &[]);
    messaging::trip(&world.running.app.messaging, world.channel, 190, "on purpose")
        .await
        .unwrap();
    let queued = world.send(hello()).await;
    let keyed = world.client.post_keyed("/api/v1/messages", "one", &hello()).await;
    assert_eq!(keyed.status.as_u16(), 202);

    world
        .simulator
        .graph()
        .change_template(HELLO, to(TemplateStatus::Paused));
    let paused = world.until_template("hello_world", "PAUSED").await;
    assert_eq!(
        paused["status_detail"],
        "Customers gave this template negative feedback."
    );
    let refused = world.post("messages", hello()).await;
    assert_eq!(refused.problem(422), "template-not-sendable");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("PAUSED (Customers gave this template negative feedback.)"),
        "{detail}"
    );
    assert_eq!(refused.json()["field"], "template.name");
    // What was promised to a key stays promised.
    let repeated = world.client.post_keyed("/api/v1/messages", "one", &hello()).await;
    assert_eq!(
        (repeated.status.as_u16(), &repeated.json()["id"]),
        (202, &keyed.json()["id"])
    );

    let check = world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok()
        .json();
    assert_eq!(check["can_send"], true, "{check}");
    let failed = world.until(&queued, "failed").await;
    assert_eq!(failed["error"]["code"], 132_015, "{failed:#}");
    assert!(failed["error"]["title"].as_str().unwrap().contains("is PAUSED"));
    assert_eq!(failed["attempts"], json!([]));
    assert_eq!(world.simulator.graph().accepted(), 0);

    let uri = format!("templates/{}/unpause", paused["id"].as_str().unwrap());
    let unpaused = world.post(&uri, json!({})).await.ok().json();
    assert_eq!(
        (&unpaused["status"], &unpaused["sendable"]),
        (&json!("APPROVED"), &json!(true))
    );
    assert_eq!(world.post(&uri, json!({})).await.problem(409), "wrong-state");
    let sent = world.send(hello()).await;
    world
        .until_is(&sent, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    world.end().await;
}

#[both_sizes]
async fn rejected_disabled_and_pending_templates_are_refused_with_the_reason(world: World) {
    world.fetch_templates().await;
    let graph = world.simulator.graph();
    let rejected = TemplatePatch {
        reason: Some("PROMOTIONAL".to_owned()),
        ..to(TemplateStatus::Rejected)
    };
    for (patch, status, words) in [
        (rejected, "REJECTED", "edit it, so that Meta reviews it again"),
        (to(TemplateStatus::Disabled), "DISABLED", "It was paused too often."),
        (to(TemplateStatus::Pending), "PENDING", "wait for Meta's review"),
    ] {
        graph.change_template(HELLO, patch);
        world.until_template("hello_world", status).await;
        let refused = world
            .post("messages", world.template_to(STRANGER, "hello_world", "en_US", &[]))
            .await;
        assert_eq!(refused.problem(422), "template-not-sendable");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(status) && detail.contains(words), "{detail}");
    }
    let quality = TemplatePatch {
        quality: Some("RED".to_owned()),
        category: Some(Category::Marketing),
        ..to(TemplateStatus::Approved)
    };
    graph.change_template(HELLO, quality);
    let approved = world.until_template("hello_world", "APPROVED").await;
    assert_eq!(approved["status_detail"], json!(null));
    // What is fetched in the second in which Meta told of a change may be from before it, and is not believed.
    wait_until(DEADLINE, "quality and category are fetched", async || {
        world.fetch_templates().await;
        let hello = world.template("hello_world").await;
        (&hello["quality"], &hello["category"]) == (&json!("RED"), &json!("MARKETING"))
    })
    .await;
    world.end().await;
}
