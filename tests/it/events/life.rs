//! A life in which everything happens, at an installation that Meta's side calls and that calls it.

use std::fs;

use chrono::TimeDelta;
use mainstay::{events, housekeeping, messaging};
use mainstay_sim::{Fault, FaultRule, NumberPatch, Shape};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::{campaigns, imports, schema::told};
use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::{APP_SECRET, NUMBER, WABA},
        wait::wait_until,
        webhook::{ANA, BEN, T0, Who, change, echo, message, status_to, text},
    },
};

/// Posts webhooks and waits until they are processed.
async fn hear(world: &World, bodies: impl IntoIterator<Item = Value>) {
    for body in bodies {
        let answer = world.simulator.post_once(body.to_string(), APP_SECRET).await.unwrap();
        assert_eq!(answer.as_u16(), 200);
    }
    wait_until(DEADLINE, "the webhooks are processed", async || {
        world
            .number("SELECT COUNT(*) FROM raw_events WHERE state NOT IN ('done', 'quarantined')")
            .await
            == 0
    })
    .await;
}

/// The fixtures, as if they were about our number.
fn fixtures() -> Vec<Value> {
    fn ours(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match name.as_str() {
                        "phone_number_id" => *member = json!(NUMBER),
                        "waba_id" => *member = json!(WABA),
                        "entry" => {
                            for entry in member.as_array_mut().into_iter().flatten() {
                                if entry.is_object() {
                                    entry["id"] = json!(WABA);
                                }
                                ours(entry);
                            }
                        }
                        _ => ours(member),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(ours),
            _ => {}
        }
    }
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/webhooks")).unwrap();
    let paths = folder.map(|file| file.unwrap().path());
    let bodies = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
    bodies
        .map(|path| {
            let mut body: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            ours(&mut body);
            body
        })
        .collect()
}

/// Fields that are passed on as they came.
fn passed_on() -> impl Iterator<Item = Value> {
    let fields = events::all().filter_map(|it| it.name.strip_prefix("meta."));
    fields.map(|field| {
        json!({ "object": "whatsapp_business_account",
            "entry": [{ "id": WABA, "time": T0, "changes": [{ "field": field, "value": { "note": "as it came" } }] }] })
    })
}

async fn people(world: &World) {
    let by_phone = Who { user_id: None, ..BEN };
    let by_id = Who { phone: None, ..BEN };
    let changed = json!({ "type": "system", "system": { "type": "user_changed_number", "body": "Ana changed from A to B",
        "wa_id": "5491187654321", "user_id": "AR.2001", "previous_user_id": "AR.1001" } });
    let preference = |value: &str, at: i64| {
        change(
            "user_preferences",
            json!({ "contacts": [{ "wa_id": BEN.phone, "profile": { "name": "Ben" } }],
                "user_preferences": [{ "wa_id": BEN.phone, "category": "marketing_messages", "value": value, "timestamp": at }] }),
        )
    };
    for body in [
        text(ANA, "wamid.life-1", T0, "hello"),
        text(Who { name: "Ana M.", ..ANA }, "wamid.life-2", T0 + 1, "hello"),
        change("messages", message(ANA, "wamid.life-3", T0 + 2, changed)),
        text(by_phone, "wamid.life-4", T0, "by number"),
        text(by_id, "wamid.life-5", T0 + 1, "by user id"),
        text(BEN, "wamid.life-6", T0 + 2, "both"),
        preference("stop", T0),
        preference("resume", T0 + 1),
        preference("fewer", T0 + 2),
        echo(BEN, "wamid.life-7", T0, "We are open"),
    ] {
        hear(world, [body]).await;
    }
    let words = [
        "sent",
        "delivered",
        "read",
        "played",
        "failed",
        "deleted",
        "warning",
        "teleported",
    ];
    hear(world, words.map(|word| status_to(BEN, "wamid.life-7", word, T0 + 9))).await;
}

/// What people and the API do with contacts.
async fn kept(world: &World) {
    let client = &world.client;
    let path = "/api/v1/contacts/by/external_id/life";
    client.put(path, json!({ "tags": ["vip"] })).await.created();
    client.put(path, json!({ "archived": true })).await.ok();
}

async fn failing(world: &World, code: i64, mut request: Value) {
    request["lane"] = json!("campaign");
    world.fault(FaultRule::new(Fault::error(code)).times(1));
    let id = world.send(request).await;
    world.until(&id, "failed").await;
}

async fn sending(world: &World) {
    let ana = world.customer(0).await;
    let hello = || world.template_to(&ana.wa_id, "hello_world", "en_US", &[]);
    let id = world.send(world.text(&ana.wa_id, "hello")).await;
    world.until(&id, "read").await;
    world.fault(FaultRule::new(Fault::error(130_429)).times(1));
    let id = world.send(world.text(&ana.wa_id, "once more")).await;
    world.until(&id, "read").await;
    world.fault(FaultRule::new(Fault::Lost { accepted: false }).times(1));
    let id = world.send(world.text(&ana.wa_id, "perhaps")).await;
    world.until(&id, "unknown").await;
    world.until(&id, "read").await;
    failing(world, 131_026, hello()).await;
    failing(world, 132_000, hello()).await;
    failing(world, 131_048, hello()).await;
    let resume = format!("/api/v1/channels/{}/campaigns/resume", world.channel);
    world.client.post(&resume, json!({})).await.ok();
    let blocks = format!("/api/v1/channels/{}/blocks", world.channel);
    let users = json!({ "users": [{ "phone": ana.wa_id }] });
    world.client.post(&blocks, users.clone()).await.ok();
    world.client.delete_with(&blocks, users).await.ok();
}

/// What happens while a channel may not send.
async fn waiting(world: &World) {
    let app = &world.running.app;
    let ana = world.customer(0).await;
    messaging::trip(&app.messaging, world.channel, 190, "on purpose")
        .await
        .unwrap();
    let withdrawn = world.send(world.text(&ana.wa_id, "never mind")).await;
    let mut request = world.text(&ana.wa_id, "within the hour");
    request["expires_at"] = json!(app.clock.now() + TimeDelta::hours(1));
    let late = world.send(request).await;
    wait_until(DEADLINE, "they are kept", async || {
        let kept = "SELECT COUNT(*) FROM sends WHERE state = 'quarantined' AND held = 'breaker'";
        world.number(kept).await == 2
    })
    .await;
    let canceled = world.post(&format!("messages/{withdrawn}/cancel"), json!({})).await;
    assert_eq!(canceled.status.as_u16(), 204, "{}", canceled.text());
    app.clock.advance(TimeDelta::hours(2));
    world.until(&late, "expired").await;
    world
        .post(&format!("channels/{}/check", world.channel), json!({}))
        .await
        .ok();
}

async fn files(world: &World) {
    let picture = world.simulator.write(1, Shape::Image, None).unwrap();
    world.simulator.deliver(picture).await;
    let ready = "SELECT COUNT(*) FROM media WHERE state = 'done'";
    wait_until(DEADLINE, "the picture is fetched", async || {
        world.number(ready).await > 0
    })
    .await;
    let lost = json!({ "type": "document", "document": { "id": "404", "mime_type": "application/pdf", "filename": "gone.pdf" } });
    hear(world, [change("messages", message(BEN, "wamid.life-8", T0, lost))]).await;
}

#[both_sizes]
async fn every_type_comes_and_is_as_its_schema_says(world: World) {
    let app = &world.running.app;
    people(&world).await;
    sending(&world).await;
    waiting(&world).await;
    files(&world).await;
    imports::happen(&world).await;
    world.fetch_templates().await;
    app.db
        .sql("UPDATE templates SET components = '[]'", ())
        .run()
        .await
        .unwrap();
    world.fetch_templates().await;
    campaigns::happen(&world).await;
    hear(&world, fixtures()).await;
    hear(&world, passed_on()).await;
    kept(&world).await;
    // The customer wrote three hours ago by our clock at most, and two at least.
    app.clock.advance(TimeDelta::minutes(21 * 60 + 30));
    housekeeping::emit_window_closing(app).await.unwrap();
    // Meta keeps a file for seven days.
    app.clock.advance(TimeDelta::days(7));
    wait_until(DEADLINE, "the lost file is given up", async || {
        housekeeping::reconcile(app).await.unwrap();
        world
            .number("SELECT COUNT(*) FROM events WHERE type = 'media.failed'")
            .await
            > 0
    })
    .await;
    let told = told(&app.db).await;
    // Endpoints tell of themselves where they are delivered to.
    let expected = events::all().filter(|it| !it.name.starts_with("endpoint."));
    let missing: Vec<&str> = expected
        .map(|it| it.name)
        .filter(|name| !told.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "{missing:?} never came; these did: {told:#?}");
    world.end().await;
}

#[both_sizes]
async fn a_check_that_finds_another_rating_tells_of_it(world: World) {
    let check = format!("channels/{}/check", world.channel);
    let changes = "SELECT COUNT(*) FROM events WHERE type = 'channel.quality_changed'";
    for _ in 0..2 {
        world.post(&check, json!({})).await.ok();
    }
    assert_eq!(world.number(changes).await, 0);
    let yellow = NumberPatch {
        quality: Some("YELLOW".to_owned()),
        ..NumberPatch::default()
    };
    world.simulator.graph().change_number(NUMBER, yellow);
    for _ in 0..2 {
        world.post(&check, json!({})).await.ok();
    }
    let page = world
        .client
        .get("/api/v1/events?type=channel.quality_changed")
        .await
        .ok()
        .json();
    let told = page["data"].as_array().unwrap();
    let from_check: Vec<&Value> = told.iter().filter(|it| it["data"]["event"].is_null()).collect();
    assert_eq!(from_check.len(), 1, "{told:#?}");
    let data = &from_check[0]["data"];
    assert_eq!(
        (&data["previous_quality"], &data["quality"]),
        (&json!("GREEN"), &json!("YELLOW"))
    );
    assert_eq!(data["channel_id"], json!(world.channel));
    world.end().await;
}

#[both_sizes]
async fn an_account_that_is_taken_away_and_comes_back_is_told_of_each_of_its_numbers(world: World) {
    let update = |event: &str| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "time": T0,
        "changes": [{ "field": "account_update", "value": { "event": event, "waba_info": { "waba_id": WABA, "owner_business_id": "9" } } }] }] })
    };
    for event in ["PARTNER_REMOVED", "PARTNER_ADDED", "VERIFIED_ACCOUNT"] {
        hear(&world, [update(event)]).await;
    }
    let page = world.client.get("/api/v1/events?limit=200").await.ok().json();
    let told = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["type"].as_str().unwrap().starts_with("channel."));
    let told: Vec<_> = told
        .map(|it| (it["type"].as_str().unwrap(), it["data"]["reason"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("channel.connected", None),
            ("channel.disconnected", Some("PARTNER_REMOVED")),
            ("channel.connected", Some("PARTNER_ADDED")),
        ]
    );
    world.end().await;
}
