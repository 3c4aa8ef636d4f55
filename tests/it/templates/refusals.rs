use chrono::TimeDelta;
use mainstay::domain::ContactId;
use mainstay_sim::{Category, Fault, FaultRule, TemplateSeed};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use super::STRANGER;
use crate::{
    sending::world::World,
    support::{
        app::{NUMBER, TestApp, WABA},
        http::Client,
    },
};

fn components(world: &World, name: &str, components: Value) -> Value {
    let mut request = world.template_to(STRANGER, name, "en_US", &[]);
    request["template"]["components"] = components;
    request
}

/// The templates that an error names.
fn named(error: &Value) -> Vec<String> {
    let templates = error["templates"].as_array();
    let templates = templates.unwrap_or_else(|| panic!("no templates: {error:#}"));
    let name = |it: &Value| {
        let [name, language, category] = ["name", "language", "category"].map(|key| it[key].as_str().unwrap());
        format!("{name} {language} {category}")
    };
    templates.iter().map(name).collect()
}

/// The error in the event that tells of a message's failure.
async fn told_of(world: &World, id: &str) -> Value {
    let page = world.client.get("/api/v1/events?after=0&limit=200").await.ok().json();
    let all = page["data"].as_array().unwrap().clone();
    let of = |it: &&Value| it["type"] == "message.failed" && it["data"]["message_id"] == id;
    all.iter().find(of).unwrap()["data"]["error"].clone()
}

#[both_sizes]
async fn a_send_that_does_not_fit_its_template_is_refused_before_it_is_queued(world: World) {
    let offer = json!([
        { "type": "HEADER", "format": "IMAGE" }, { "type": "BODY", "text": "Hi {{name}}, until {{day}} only." },
        { "type": "BUTTONS", "buttons": [{ "type": "COPY_CODE", "text": "Copy", "example": "X" }] }]);
    let code = json!([{ "type": "BODY", "add_security_recommendation": true }, { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copy" }] }]);
    for (name, category, components) in [
        ("offer", Category::Marketing, offer),
        ("code", Category::Authentication, code),
    ] {
        let seed = TemplateSeed {
            components,
            ..TemplateSeed::text(name, "en_US", category, "")
        };
        world.simulator.graph().add_template(WABA, seed);
    }
    world.fetch_templates().await;
    let text = |name: &str, text: &str| json!({ "type": "text", "parameter_name": name, "text": text });
    let image = json!({ "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://a.example/1.png" } }] });
    let body = json!({ "type": "body", "parameters": [text("name", "Ana"), text("day", "Friday")] });
    let coupon = |code: &str| json!({ "type": "button", "sub_type": "copy_code", "index": "0", "parameters": [{ "type": "coupon_code", "coupon_code": code }] });
    let otp = |body: &str, button: &str| {
        json!([
        { "type": "body", "parameters": [{ "type": "text", "text": body }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": button }] }])
    };
    let cases = [
        (
            world.template_to(STRANGER, "order_shipped", "en_US", &["Ana"]),
            "template.components[0].parameters",
            Some(2),
        ),
        (
            world.template_to(STRANGER, "order_shipped", "en_US", &[]),
            "template.components",
            None,
        ),
        (
            world.template_to(STRANGER, "hello_world", "en_US", &["Ana"]),
            "template.components[0].parameters",
            Some(0),
        ),
        (
            world.template_to(STRANGER, "hello_wrld", "en_US", &[]),
            "template.name",
            None,
        ),
        (
            world.template_to(STRANGER, "hello_world", "pt_BR", &[]),
            "template.language.code",
            None,
        ),
        (
            components(&world, "offer", json!([body, coupon("A")])),
            "template.components",
            None,
        ),
        (
            components(&world, "offer", json!([image, body])),
            "template.components",
            None,
        ),
        (
            components(
                &world,
                "offer",
                json!([image, { "type": "body", "parameters": [text("name", "Ana"), text("date", "x")] }, coupon("A")]),
            ),
            "template.components[1].parameters[1].parameter_name",
            None,
        ),
        (
            components(&world, "code", otp("1234567890123456", "1")),
            "template.components[0].parameters[0].text",
            Some(15),
        ),
        (
            components(&world, "code", otp("1", "1234567890123456")),
            "template.components[1].parameters[0].text",
            Some(15),
        ),
    ];
    let mut batch = Vec::new();
    for (request, field, limit) in cases {
        let answer = world.post("messages", request.clone()).await;
        assert_eq!(answer.problem(422), "invalid-field", "{request}");
        let problem = answer.json();
        assert_eq!(
            (&problem["field"], problem["limit"].as_u64()),
            (&json!(field), limit),
            "{problem}"
        );
        batch.push(request);
    }
    let language = world
        .post("messages", world.template_to(STRANGER, "hello_world", "pt_BR", &[]))
        .await
        .json();
    assert!(
        language["detail"].as_str().unwrap().contains("it exists in en_US"),
        "{language}"
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 0);

    // In a batch each stands for itself.
    batch.push(components(&world, "offer", json!([image, body, coupon("SUMMER")])));
    batch.push(components(&world, "code", otp("934271", "934271")));
    let results = world
        .post("messages/batch", json!({ "messages": batch }))
        .await
        .ok()
        .json();
    let taken: Vec<bool> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["message"].is_object())
        .collect();
    assert_eq!(taken.iter().filter(|it| **it).count(), 2);
    assert!(taken[10] && taken[11], "{results:#}");
    assert_eq!(results["results"][3]["problem"]["field"], "template.name");
    for place in [10, 11] {
        let id = results["results"][place]["message"]["id"].as_str().unwrap().to_owned();
        world
            .until_is(&id, "accepted", |it| World::outcomes(it) == ["accepted"])
            .await;
    }
    world.end().await;
}

#[both_sizes]
async fn a_one_time_code_goes_to_no_user_id(world: World) {
    let body = json!([{ "type": "BODY", "add_security_recommendation": true }, { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copy" }] }]);
    let seed = TemplateSeed {
        components: body,
        ..TemplateSeed::text("code", "en_US", Category::Authentication, "")
    };
    world.simulator.graph().add_template(WABA, seed);
    world.fetch_templates().await;
    let filled = json!([
        { "type": "body", "parameters": [{ "type": "text", "text": "934271" }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "934271" }] }]);
    let mut greeting = world.template_to("", "hello_world", "en_US", &[]);
    greeting["to"] = json!({ "user_id": "US.13491208655302741999" });
    let greeted = world.send(greeting).await;
    let contact = world.message(&greeted).await["contact_id"].clone();
    let request = |to: Value| {
        let mut request = components(&world, "code", filled.clone());
        request["to"] = to;
        request
    };
    for to in [
        json!({ "user_id": "US.13491208655302741999" }),
        json!({ "contact_id": contact }),
    ] {
        let answer = world.post("messages", request(to)).await;
        assert_eq!(answer.problem(422), "invalid-field");
        assert_eq!(answer.json()["field"], "to", "{}", answer.text());
    }
    let id = world.send(request(json!({ "phone": STRANGER }))).await;
    let message = world
        .until_is(&id, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    assert_eq!(message["text"], "code", "nobody reads the code but the customer");
    world.end().await;
}

#[both_sizes]
async fn a_template_reads_as_its_customer_reads_it(world: World) {
    world.fetch_templates().await;
    let ana = world.customer(0).await;
    let id = world
        .send(world.template_to(&ana.wa_id, "order_shipped", "en_US", &["Ana", "4711"]))
        .await;
    let text = world.message(&id).await["text"].clone();
    let text = text.as_str().unwrap();
    assert!(
        text.contains("Ana") && text.contains("4711") && !text.contains("{{"),
        "{text}"
    );
    let page = world.client.get("/api/v1/conversations").await.ok().json();
    assert_eq!(page["data"][0]["last_message"]["text"], json!(text), "{page:#}");
    world.end().await;
}

#[both_sizes]
async fn what_fails_on_a_closed_window_names_the_templates_that_would_do(world: World) {
    world.fetch_templates().await;
    let failed = world.send(world.text_anyway(STRANGER, "hello?")).await;
    let message = world.until(&failed, "failed").await;
    assert!(
        message["error"]["title"]
            .as_str()
            .unwrap()
            .starts_with("window_closed: "),
        "{message:#}"
    );
    let utility = [
        "hello_world en_US UTILITY",
        "lembrete_consulta pt_BR UTILITY",
        "order_shipped en_US UTILITY",
    ];
    let all = [&utility[..], &["otono_ofertas es_MX MARKETING"]].concat();
    assert_eq!(named(&message["error"]), all);
    let id = message["error"]["templates"][0]["id"].as_str().unwrap();
    assert_eq!(
        world.client.get(&format!("/api/v1/templates/{id}")).await.ok().json()["name"],
        "hello_world"
    );
    assert_eq!(named(&told_of(&world, &failed).await), all, "the event names them too");

    // What would do is looked up when it is asked for, and depends on what the customer wants.
    let contact: ContactId = message["contact_id"].as_str().unwrap().parse().unwrap();
    let db = &world.running.app.db;
    db.sql("UPDATE contacts SET marketing_stopped = TRUE WHERE id = $1", (contact,))
        .run()
        .await
        .unwrap();
    assert_eq!(named(&world.message(&failed).await["error"]), utility);
    let again = world.send(world.text_anyway(STRANGER, "hello, hello?")).await;
    world.until(&again, "failed").await;
    assert_eq!(named(&told_of(&world, &again).await), utility);
    db.sql("UPDATE templates SET status = 'PAUSED'", ())
        .run()
        .await
        .unwrap();
    assert_eq!(world.message(&failed).await["error"]["templates"], json!([]));

    // Other errors suggest nothing, and neither do lists.
    let list = world.client.get("/api/v1/messages").await.ok().json();
    assert_eq!(list["data"][0]["error"]["templates"], json!(null));
    let customer = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(131_026)).times(1));
    let other = world.send(world.text(&customer.wa_id, "hello")).await;
    assert_eq!(world.until(&other, "failed").await["error"]["templates"], json!(null));
    world.end().await;
}

#[both_sizes]
async fn marketing_is_marketing_in_whatever_lane_it_goes(world: World) {
    world.fetch_templates().await;
    let customer = world.customer(0).await;
    let stop = json!({ "user_preferences": [{ "wa_id": customer.wa_id, "category": "marketing_messages", "value": "stop",
        "timestamp": world.running.app.clock.now().timestamp(), "detail": "stop" }] });
    let webhook = crate::support::webhook::to(NUMBER, "user_preferences", stop);
    assert_eq!(world.client.signed(&webhook.to_string()).await.status.as_u16(), 200);
    crate::support::wait::wait_until(crate::sending::world::DEADLINE, "the wish is known", async || {
        let sql = if world.running.app.db.is_postgres() {
            "SELECT COUNT(*) FROM contacts WHERE marketing_stopped"
        } else {
            "SELECT COUNT(*) FROM contacts WHERE marketing_stopped = 1"
        };
        world.number(sql).await == 1
    })
    .await;
    let mut marketing = world.template_to(&customer.wa_id, "otono_ofertas", "es_MX", &["Ana"]);
    marketing["lane"] = json!("transactional");
    let refused = world.send(marketing).await;
    assert_eq!(world.until(&refused, "failed").await["error"]["code"], 131_050);
    let utility = world
        .send(world.template_to(&customer.wa_id, "hello_world", "en_US", &[]))
        .await;
    world
        .until_is(&utility, "accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    world.end().await;
}

#[both_databases]
async fn a_template_nobody_knows_passes_until_the_account_was_synced_once(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let request = json!({ "channel_id": channel, "to": { "phone": STRANGER }, "type": "template", "template": { "name": "unheard_of", "language": { "code": "en" } } });
    assert_eq!(
        client.post("/api/v1/messages", request.clone()).await.status.as_u16(),
        202
    );
    let synced = test.app.clock.now();
    let done = "UPDATE template_syncs SET synced_at = $1, due_at = $2";
    test.app
        .db
        .sql(done, (synced, synced + TimeDelta::days(1)))
        .run()
        .await
        .unwrap();
    let refused = client.post("/api/v1/messages", request.clone()).await;
    assert_eq!(refused.problem(422), "invalid-field");
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("templates/sync"),
        "{}",
        refused.text()
    );
    // It may be newer than what is known: then another look is taken, but not with every message.
    let due = "SELECT COUNT(*) FROM template_syncs WHERE due_at <= requested_at";
    assert_eq!(test.count(due).await, 0);
    test.advance(TimeDelta::minutes(2));
    assert_eq!(
        client.post("/api/v1/messages", request).await.problem(422),
        "invalid-field"
    );
    assert_eq!(test.count(due).await, 1);
}
