//! STOP, START and HELP.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    domain::{Ctx, KeywordRuleId, TenantId},
    tenancy,
};
use mainstay_sim::{Customer, Fault, FaultRule, Shape};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use crate::{
    rules::events,
    sending::world::{DEADLINE, World},
    support::{
        app::TestApp,
        http::Client,
        wait::wait_until,
        webhook::{ANA, BEN, CLEO, T0, Who, change, echo, message, text},
    },
};

const STOPPED: &str = "You will receive no more promotional messages from us. Reply START to receive them again.";
const STARTED: &str = "You will receive promotional messages from us again. Reply STOP to receive no more of them.";

/// Has a customer write something and waits until it is processed.
async fn write(world: &World, wa_id: &str, words: &str) {
    let place = world.simulator.customers().iter().position(|it| it.wa_id == wa_id);
    let webhook = world.simulator.write(place.unwrap(), Shape::Text, Some(words)).unwrap();
    let before = world
        .number("SELECT COUNT(*) FROM messages WHERE direction = 'inbound'")
        .await;
    world.simulator.deliver(webhook).await;
    wait_until(DEADLINE, "the message is processed", async || {
        world
            .number("SELECT COUNT(*) FROM messages WHERE direction = 'inbound'")
            .await
            > before
    })
    .await;
}

async fn until_answered(world: &World, answer: &str, count: usize) {
    wait_until(DEADLINE, "the keyword is answered", async || {
        world.accepted(answer).len() >= count
    })
    .await;
    assert_eq!(world.accepted(answer).len(), count);
}

/// A customer of a country where no other language of the built-in rules is spoken.
async fn reader_of_english(world: &World) -> Customer {
    let customers = world.simulator.customers();
    let mut shown = customers.iter().filter(|it| !it.hides_phone);
    let place = shown.position(|it| ["US", "GB", "DE", "IN"].contains(&&*it.country));
    world.customer(place.expect("somebody reads English")).await
}

#[both_sizes]
async fn who_says_stop_is_sent_no_marketing_that_waits_and_is_told_once(world: World) {
    let ana = reader_of_english(&world).await;
    write(&world, &ana.wa_id, "Please don't stop, I like your offers").await;
    let mut offer = world.text(&ana.wa_id, "Buy this.");
    offer["lane"] = json!("campaign");
    world.until(&world.send(offer.clone()).await, "read").await;

    let app = &world.running.app;
    let pause = "UPDATE channels SET campaigns_paused_at = created_at, updated_at = $1";
    app.db.sql(pause, (app.clock.now(),)).run().await.unwrap();
    app.directory.refresh().await.unwrap();
    let waiting = world.send(offer.clone()).await;
    world.until_is(&waiting, "it waits", |it| it["held"].is_string()).await;
    write(&world, &ana.wa_id, "STOP!").await;
    let resume = format!("channels/{}/campaigns/resume", world.channel);
    world.post(&resume, Value::Null).await.ok();
    let refused = world.until(&waiting, "failed").await;
    assert!(
        refused["error"]["title"].as_str().unwrap().starts_with("opted_out"),
        "{refused:#}"
    );
    until_answered(&world, STOPPED, 1).await;
    let told = events(&world, "contact.opted_out").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["data"]["detail"], "STOP!");

    write(&world, &ana.wa_id, "stop").await;
    world
        .until(&world.send(world.text(&ana.wa_id, "An answer.")).await, "read")
        .await;
    assert_eq!(world.accepted(STOPPED).len(), 1, "once");
    // Meta's times are in seconds, and of one second the refusal counts.
    wait_until(DEADLINE, "the second is over", async || {
        let latest = "SELECT MAX(occurred_at) FROM consents";
        let (said,): (DateTime<Utc>,) = app.db.reader().sql(latest, ()).one().await.unwrap();
        app.clock.now() >= said + TimeDelta::seconds(1)
    })
    .await;
    write(&world, &ana.wa_id, "Start please").await;
    until_answered(&world, STARTED, 1).await;
    world.until(&world.send(offer).await, "read").await;
    assert_eq!(events(&world, "contact.opted_in").await.len(), 1);
    world.end().await;
}

/// With a key for these permissions.
async fn keyed(test: &TestApp, scopes: &str) -> Client {
    let key = tenancy::create_api_key(
        &test.registry,
        &Ctx::operator(test.tenant),
        scopes,
        &scopes.parse().unwrap(),
    )
    .await;
    Client::of(&test.app).with(key.unwrap().token.expose())
}

/// A message of any type, as Meta tells of it.
fn said(who: Who, wamid: &str, at: i64, content: Value) -> Value {
    change("messages", message(who, wamid, at, content))
}

/// The present consents of the only contact: purpose, status and whether it is about all channels.
async fn consents(test: &TestApp) -> Vec<(String, String)> {
    let client = Client::tenant(test);
    let page = client.get("/api/v1/contacts").await.ok().json();
    let [contact] = page["data"].as_array().unwrap().as_slice() else {
        panic!("one contact: {page:#}");
    };
    let path = format!("/api/v1/contacts/{}", contact["id"].as_str().unwrap());
    let shown = client.get(&path).await.ok().json();
    let consent = |it: &Value| {
        let text = |member: &str| it[member].as_str().unwrap_or_default().to_owned();
        (format!("{}{}", text("purpose"), text("channel_id")), text("status"))
    };
    shown["consents"].as_array().unwrap().iter().map(consent).collect()
}

fn marketing(status: &str) -> Vec<(String, String)> {
    vec![("marketing".into(), status.into())]
}

async fn replies(test: &TestApp) -> Vec<String> {
    const SQL: &str = "
        SELECT m.text FROM messages m JOIN sends s ON s.id = m.id
        WHERE m.created_by = 'system' AND s.lane = 0 ORDER BY m.id";
    let rows: Vec<(String,)> = test.app.db.sql(SQL, ()).all().await.unwrap();
    rows.into_iter().map(|(text,)| text).collect()
}

#[both_databases]
async fn the_message_is_the_proof_however_often_it_is_delivered(test: TestApp) {
    for _ in 0..3 {
        test.receive(&text(ANA, "wamid.1", T0, "STOP")).await;
    }
    assert_eq!(consents(&test).await, marketing("revoked"));
    const SQL: &str = "
        SELECT COUNT(*) FROM consents c JOIN messages m ON m.id = c.message_id
        WHERE c.source = 'keyword' AND c.created_by = 'system' AND m.wamid = 'wamid.1'";
    assert_eq!(test.count(SQL).await, 1);
    let spanish = "No recibirás más mensajes promocionales nuestros. Responde ALTA para volver a recibirlos.";
    assert_eq!(replies(&test).await, [spanish], "the number is of Argentina");
    let head: (String, i64) = test
        .app
        .db
        .sql("SELECT last_message_direction, unread_count FROM conversations", ())
        .one()
        .await
        .unwrap();
    assert_eq!(head, ("outbound".into(), 1));
    assert_eq!(
        test.count("SELECT COUNT(*) FROM sends WHERE recipient = '5491123456789' AND recipient_kind = 'phone'")
            .await,
        1
    );
}

#[both_databases]
async fn a_button_counts_as_what_it_says(test: TestApp) {
    let button = json!({ "type": "button", "button": { "payload": "offers-7", "text": "Stop promotions" } });
    test.receive(&said(CLEO, "wamid.1", T0, button)).await;
    assert_eq!(consents(&test).await, marketing("revoked"));
    assert_eq!(
        test.count("SELECT COUNT(*) FROM consents WHERE source = 'button'")
            .await,
        1
    );
    let reply = json!({ "type": "interactive", "interactive": { "type": "button_reply",
        "button_reply": { "id": "start", "title": "Yes, send me offers" } } });
    test.receive(&said(CLEO, "wamid.2", T0 + 10, reply)).await;
    assert_eq!(consents(&test).await, marketing("granted"));
    assert_eq!(
        test.count("SELECT COUNT(*) FROM sends WHERE recipient_kind = 'user_id'")
            .await,
        2
    );
}

#[both_databases]
async fn nothing_but_what_a_customer_says_to_the_business_counts(test: TestApp) {
    test.receive(&echo(ANA, "wamid.1", T0, "STOP")).await;
    let mut standby = text(ANA, "wamid.2", T0, "STOP");
    standby["entry"][0]["changes"][0]["field"] = json!("standby");
    test.receive(&standby).await;
    let mut in_group = text(ANA, "wamid.3", T0, "STOP");
    in_group["entry"][0]["changes"][0]["value"]["messages"][0]["group_id"] = json!("Y2FwaV9ncm91cA");
    test.receive(&in_group).await;
    let past = json!({ "from": ANA.phone, "id": "wamid.4", "timestamp": T0.to_string(), "type": "text",
        "text": { "body": "STOP" }, "history_context": { "status": "READ" } });
    let thread = json!({ "id": ANA.phone, "messages": [past] });
    let history =
        json!({ "history": [{ "metadata": { "phase": 0, "chunk_order": 1, "progress": 100 }, "threads": [thread] }] });
    test.receive(&change("history", history)).await;
    let reaction = json!({ "type": "reaction", "reaction": { "message_id": "wamid.1", "emoji": "🛑" } });
    test.receive(&said(ANA, "wamid.5", T0, reaction)).await;
    let caption = json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "caption": "stop" } });
    test.receive(&said(ANA, "wamid.6", T0, caption)).await;
    for (n, words) in ["please don't stop", "where is the bus stop", "stop sending to my wife"]
        .iter()
        .enumerate()
    {
        test.receive(&text(ANA, &format!("wamid.1{n}"), T0, words)).await;
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE wamid LIKE 'wamid.%'")
            .await,
        9,
        "all are stored"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM consents").await, 0);
    assert_eq!(replies(&test).await, Vec::<String>::new());
}

#[both_databases]
async fn messages_of_one_webhook_count_in_the_order_they_were_written(test: TestApp) {
    let mut both = text(BEN, "wamid.1", T0 + 20, "start");
    let other = text(BEN, "wamid.2", T0 + 10, "stop");
    let messages = &mut both["entry"][0]["changes"][0]["value"]["messages"];
    let first = other["entry"][0]["changes"][0]["value"]["messages"][0].clone();
    messages.as_array_mut().unwrap().push(first);
    test.receive(&both).await;
    assert_eq!(consents(&test).await, marketing("granted"));
    assert_eq!(replies(&test).await, [STARTED], "what holds is confirmed");
    assert_eq!(test.count("SELECT COUNT(*) FROM consents").await, 2);
    test.receive(&text(BEN, "wamid.3", T0, "stop")).await;
    assert_eq!(consents(&test).await, marketing("granted"), "it came late");
    assert_eq!(replies(&test).await, [STARTED]);
}

#[both_databases]
async fn who_opts_in_is_kept_from_nothing_on_the_channel(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "hi")).await;
    let client = Client::tenant(&test);
    let page = client.get("/api/v1/contacts").await.ok().json();
    let path = format!("/api/v1/contacts/{}/consents", page["data"][0]["id"].as_str().unwrap());
    let channels = client.get("/api/v1/channels").await.ok().json();
    let refused = [
        json!({ "purpose": "all", "status": "revoked", "occurred_at": "2026-01-01T00:00:00Z" }),
        json!({ "purpose": "marketing", "status": "revoked", "occurred_at": "2026-01-01T00:00:00Z",
            "channel_id": channels["data"][0]["id"] }),
    ];
    for statement in refused {
        let answer = client.post(&path, statement).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    }
    test.receive(&text(ANA, "wamid.2", T0 + 10, "START")).await;
    let present = consents(&test).await;
    assert_eq!(present.len(), 3, "{present:?}");
    assert!(present.iter().all(|(_, status)| status == "granted"), "{present:?}");
}

#[both_databases]
async fn a_call_for_help_is_answered_once_a_day(test: TestApp) {
    for n in 0..3 {
        test.receive(&text(BEN, &format!("wamid.{n}"), T0 + n, "Help!")).await;
    }
    assert_eq!(replies(&test).await.len(), 1);
    assert_eq!(test.count("SELECT COUNT(*) FROM consents").await, 0);
    test.advance(TimeDelta::hours(25));
    test.receive(&text(BEN, "wamid.9", T0 + 90_000, "help")).await;
    assert_eq!(replies(&test).await.len(), 2);
    for wamid in ["wamid.a", "wamid.b"] {
        test.receive(&text(BEN, wamid, T0 + 90_010, "stop")).await;
    }
    assert_eq!(replies(&test).await.len(), 3);
    test.advance(TimeDelta::hours(25));
    test.receive(&text(BEN, "wamid.c", T0 + 190_000, "stop")).await;
    assert_eq!(replies(&test).await.len(), 4, "it is confirmed again a day later");
}

#[both_databases]
async fn a_tenant_has_words_of_its_own_and_switches_built_in_ones_off(test: TestApp) {
    let client = keyed(&test, "read settings.read settings.write").await;
    let rules = client.get("/api/v1/keyword-rules").await.ok().json();
    let rules = rules["data"].as_array().unwrap().clone();
    assert_eq!(rules.len(), 18, "six languages");
    let english = rules
        .iter()
        .find(|it| it["language"] == "en" && it["action"] == "stop")
        .unwrap();
    let path = format!("/api/v1/keyword-rules/{}", english["id"].as_str().unwrap());

    let own = json!({ "action": "stop", "language": "de", "words": ["Abmelden", " Schluss! "], "polite_tails": ["bitte"],
        "reply": "Sie hören nichts mehr von uns. START hebt das auf." });
    let made = client.post("/api/v1/keyword-rules", own).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["builtin"], &made["purpose"]),
        (&json!(false), &json!("marketing"))
    );
    let off = json!({ "action": "stop", "language": "en", "words": english["words"], "enabled": false });
    assert_eq!(client.put(&path, off).await.ok().json()["changed"], true);

    test.receive(&text(ANA, "wamid.1", T0, "unsubscribe me")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM consents").await, 0, "switched off");
    test.receive(&text(ANA, "wamid.2", T0 + 1, "schluss, bitte!")).await;
    assert_eq!(consents(&test).await, marketing("revoked"));
    assert_eq!(
        replies(&test).await,
        ["Sie hören nichts mehr von uns. START hebt das auf."]
    );

    assert_eq!(client.delete(&path).await.status.as_u16(), 204);
    test.receive(&text(BEN, "wamid.3", T0 + 2, "unsubscribe me")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM consents").await, 2, "as it was");
    let own = format!("/api/v1/keyword-rules/{}", made["id"].as_str().unwrap());
    assert_eq!(client.delete(&own).await.status.as_u16(), 204);
    assert_eq!(client.delete(&own).await.status.as_u16(), 404);
    let gone = json!({ "action": "help", "language": "en", "words": ["x"] });
    assert_eq!(client.put(&own, gone).await.status.as_u16(), 404);
    assert_eq!(
        client.get("/api/v1/keyword-rules").await.ok().json()["data"]
            .as_array()
            .unwrap()
            .len(),
        18
    );
}

#[both_databases]
async fn a_rule_that_no_message_can_meet_is_refused(test: TestApp) {
    let client = keyed(&test, "settings.write").await;
    let rule = |words: Value| json!({ "action": "stop", "language": "en", "words": words });
    let long = "a".repeat(41);
    for (body, field) in [
        (rule(json!([])), "words"),
        (rule(json!(["!!!"])), "words"),
        (rule(json!([long])), "words"),
        (
            json!({ "action": "stop", "language": "english", "words": ["x"] }),
            "language",
        ),
        (
            json!({ "action": "stop", "language": "en", "words": ["x"], "polite_tails": [""] }),
            "polite_tails",
        ),
        (
            json!({ "action": "stop", "language": "en", "words": ["x"], "reply": "a".repeat(1_025) }),
            "reply",
        ),
    ] {
        let answer = client.post("/api/v1/keyword-rules", body).await;
        assert_eq!(answer.status.as_u16(), 422, "{}", answer.text());
        assert_eq!(answer.json()["field"], field, "{}", answer.text());
    }
    for n in 0..100 {
        let made = client
            .post("/api/v1/keyword-rules", rule(json!([format!("word {n}")])))
            .await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    }
    let answer = client.post("/api/v1/keyword-rules", rule(json!(["one more"]))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["limit"]), (422, &json!(100)));
}

#[both_databases]
async fn what_a_customer_sets_in_whatsapp_is_in_the_ledger(test: TestApp) {
    let preference = |value: &str, at: i64| {
        let choice = json!({ "wa_id": BEN.phone, "category": "marketing_messages", "value": value, "timestamp": at,
            "detail": "by request" });
        let contact = json!({ "wa_id": BEN.phone, "profile": { "name": "Ben" } });
        change(
            "user_preferences",
            json!({ "contacts": [contact], "user_preferences": [choice] }),
        )
    };
    for (value, at, status) in [
        ("stop", T0 + 10, "revoked"),
        ("resume", T0, "revoked"),
        ("stop", T0 + 10, "revoked"),
        ("resume", T0 + 20, "granted"),
    ] {
        test.receive(&preference(value, at)).await;
        assert_eq!(consents(&test).await, marketing(status), "{value} at {at}");
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM consents WHERE source = 'meta_preference'")
            .await,
        2
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type LIKE 'contact.opted%'")
            .await,
        2,
        "each is told once"
    );
}

/// Meta tells of an opt-out that it knows and we do not by an error.
#[both_sizes]
async fn what_meta_refuses_to_deliver_is_in_the_ledger_once(world: World) {
    for (n, fault) in [Fault::error(131_050), Fault::failed(131_050)].into_iter().enumerate() {
        let customer = world.customer(n).await;
        world.fault(FaultRule::new(fault).times(1));
        let mut offer = world.text(&customer.wa_id, "Buy this.");
        offer["lane"] = json!("campaign");
        let refused = world.send(offer.clone()).await;
        world.until(&refused, "failed").await;
        let again = world.send(offer).await;
        world.until(&again, "failed").await;
        let known = world
            .number("SELECT COUNT(*) FROM consents WHERE source = 'meta_preference' AND status = 'revoked'")
            .await;
        assert_eq!(known, n as i64 + 1);
    }
    let proven =
        "SELECT COUNT(*) FROM consents c JOIN messages m ON m.id = c.message_id WHERE m.direction = 'outbound'";
    assert_eq!(world.number(proven).await, 2);
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM contact_consents WHERE status = 'revoked'")
            .await,
        2
    );
    world.end().await;
}

#[both_sizes]
async fn a_rule_that_another_process_changed_is_in_force_within_seconds(world: World) {
    let ana = world.customer(0).await;
    let app = &world.running.app;
    let (tenant,): (TenantId,) = app.db.reader().sql("SELECT id FROM tenants", ()).one().await.unwrap();
    let (id, now): (KeywordRuleId, _) = (app.clock.new_id(), app.clock.now());
    const SQL: &str = "
        INSERT INTO keyword_rules (tenant_id, id, action, purpose, language, words, polite_tails, reply, enabled, created_at, created_by,
            updated_at)
        VALUES ($1, $2, 'stop', 'marketing', 'de', '[\"Abmelden\"]', '[]', 'Abgemeldet.', TRUE, $3, 'operator', $3)";
    app.db.sql(SQL, (tenant, id, now)).run().await.unwrap();
    wait_until(DEADLINE, "the rule is in force", async || {
        write(&world, &ana.wa_id, "abmelden").await;
        world.number("SELECT COUNT(*) FROM consents").await > 0
    })
    .await;
    until_answered(&world, "Abgemeldet.", 1).await;
    world.end().await;
}

#[both_databases]
async fn who_stopped_in_whatsapp_is_not_told_that_promotions_come_again(test: TestApp) {
    let choice = json!({ "wa_id": BEN.phone, "category": "marketing_messages", "value": "stop", "timestamp": T0,
        "detail": "by request" });
    let contact = json!({ "wa_id": BEN.phone, "profile": { "name": "Ben" } });
    let stop = json!({ "contacts": [contact], "user_preferences": [choice] });
    test.receive(&change("user_preferences", stop)).await;
    test.receive(&text(BEN, "wamid.1", T0 + 5, "START")).await;
    assert_eq!(consents(&test).await, marketing("granted"));
    assert_eq!(
        replies(&test).await,
        Vec::<String>::new(),
        "Meta still refuses what they asked for"
    );
    test.receive(&text(BEN, "wamid.2", T0 + 6, "stop STOP, please")).await;
    assert_eq!(
        consents(&test).await,
        marketing("revoked"),
        "a word said twice is the word"
    );
    assert_eq!(replies(&test).await.len(), 1);
}
