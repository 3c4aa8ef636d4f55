//! `mainstay channel`: Meta is asked, nothing is moved silently, and a removed channel sends nothing and loses nothing.

use mainstay::housekeeping;
use mainstay_sim::{NumberPatch, NumberSeed, Shape, TokenSeed};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use super::{DEADLINE, Stage, TOKEN};
use crate::support::{
    app::{NUMBER, TestApp, WABA},
    deployment::{ADMIN_TOKEN, Deployment},
    http::Client,
    wait::wait_until,
    webhook::{ANA, T0, text},
};

const SECOND: &str = "117700456124000";
const OTHER_WABA: &str = "208813345679999";

fn add(tenant: &str, number: &str, waba: &str) -> String {
    format!("channel add --tenant {tenant} --phone-number-id {number} --waba-id {waba} --access-token {TOKEN}")
}

fn number(phone_number_id: &str, waba_id: Option<&str>) -> NumberSeed {
    NumberSeed {
        phone_number_id: phone_number_id.to_owned(),
        display_phone_number: "12065550199".to_owned(),
        waba_id: waba_id.map(str::to_owned),
        level: Default::default(),
    }
}

#[both_sizes]
async fn meta_is_asked_before_a_number_is_added(stage: Stage) {
    let waba = stage.run("channel list").await[0]["waba_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = stage.refused(&add("Acme", "999", &waba)).await;
    assert!(
        said.contains("nothing was added") && said.contains("cannot be read"),
        "{said}"
    );
    stage.simulator.graph().add_number(number(SECOND, Some(OTHER_WABA)));
    let said = stage.refused(&add("Acme", SECOND, &waba)).await;
    assert!(said.contains("does not list this number"), "{said}");
    let said = stage
        .refused(&add("Acme", SECOND, OTHER_WABA).replace(TOKEN, "EAAG-unknown"))
        .await;
    assert!(
        said.matches("Meta refused: 190").count() == 1 && !said.contains("EAAG-unknown"),
        "{said}"
    );
    assert_eq!(stage.run("channel list").await.as_array().unwrap().len(), 1);

    // What does not keep it from being a channel is reported and no more.
    let patch = NumberPatch {
        name_status: Some("PENDING_REVIEW".to_owned()),
        ..NumberPatch::default()
    };
    stage.simulator.graph().change_number(SECOND, patch);
    stage.simulator.graph().set_token(TokenSeed {
        expires_in: Some(3_600),
        ..TokenSeed::full("EAAG-short")
    });
    let added = stage
        .run(&add("Acme", SECOND, OTHER_WABA).replace(TOKEN, "EAAG-short"))
        .await;
    let meta = &added["meta"];
    assert_eq!(
        (&meta["can_send"], &meta["status"], &meta["display_phone_number"]),
        (&json!(true), &json!("CONNECTED"), &json!("12065550199"))
    );
    let problems = meta["problems"].to_string();
    assert!(
        problems.contains("PENDING_REVIEW") && problems.contains("token ends at"),
        "{problems}"
    );
    assert!(
        meta["verified_name"].is_string() && meta["subscribed_apps"][0].is_string(),
        "{meta}"
    );

    let offline = add("Acme", "117700456124001", &waba) + " --no-check";
    assert_eq!(stage.run(&offline).await["meta"], Value::Null);
    let mut unreachable = stage;
    unreachable.deployment.set("GRAPH_BASE_URL", "http://127.0.0.1:9");
    let said = unreachable.refused(&add("Acme", "117700456124002", &waba)).await;
    assert!(
        said.contains("no answer from Meta") && said.contains("--no-check"),
        "{said}"
    );
}

#[both_sizes]
async fn a_number_is_never_moved_without_a_word(mut stage: Stage) {
    let listed = stage.run("channel list").await;
    let [channel, waba, phone] = ["id", "waba_id", "phone_number_id"].map(|it| listed[0][it].as_str().unwrap());
    let acme = listed[0]["tenant_id"].as_str().unwrap();
    let books = stage.run("tenant create Books").await;
    let moved = add("Acme", phone, OTHER_WABA) + " --no-check";
    let said = stage.refused(&moved).await;
    assert!(
        said.contains(channel) && said.contains(&format!("of the account {waba}")),
        "{said}"
    );
    for line in [
        add("Books", phone, waba),
        add("Books", phone, waba) + " --no-check --move",
    ] {
        let said = stage.refused(&line).await;
        assert!(
            said.contains("\"Acme\"") && said.contains(acme) && said.contains(channel),
            "{said}"
        );
    }
    stage.deployment.start().await;
    let post = async |deployment: &Deployment, tenant: &str, body: Value| {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = deployment.url(&format!("/admin/tenants/{tenant}/channels"));
        let answer = http
            .post(url)
            .bearer_auth(ADMIN_TOKEN)
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let mut body = json!({ "phone_number_id": phone, "waba_id": OTHER_WABA, "access_token": TOKEN });
    let (status, said) = post(&stage.deployment, acme, body.clone()).await;
    assert!(status == 409 && said.contains(waba), "{said}");
    let (status, said) = post(&stage.deployment, books["id"].as_str().unwrap(), body.clone()).await;
    assert!(status == 409 && said.contains("Acme"), "{said}");
    body["move"] = json!(true);
    let (status, said) = post(&stage.deployment, acme, body).await;
    assert_eq!(status, 201, "{said}");
    assert_eq!(stage.run("channel list").await[0]["waba_id"], OTHER_WABA);
    let back = add("Acme", phone, waba) + " --no-check --move";
    assert_eq!(stage.run(&back).await["id"], channel, "it is the same channel");
}

#[both_sizes]
async fn a_check_tells_what_meta_says_and_has_a_worker_act_on_it(mut stage: Stage) {
    let channel = stage.channel().await;
    let line = format!("channel check {channel}");
    let checked = stage.run(&line).await;
    assert_eq!((&checked["can_send"], &checked["problems"]), (&json!(true), &json!([])));
    let patch = |status: &str| NumberPatch {
        status: Some(status.to_owned()),
        ..NumberPatch::default()
    };
    let phone = stage.run("channel list").await[0]["phone_number_id"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.simulator.graph().change_number(&phone, patch("BANNED"));
    let (code, checked, said) = stage.deployment.attempt(&line).await;
    assert_eq!((code, &checked["can_send"]), (Some(1), &json!(false)), "{said}");
    assert!(checked["problems"].to_string().contains("BANNED"), "{checked}");
    stage.deployment.start().await;
    let open = |listed: &Value| listed[0]["state"] == "breaker_open";
    let listed = stage
        .until("channel list", "the worker's check opens the breaker", open)
        .await;
    assert!(
        listed[0]["reason"].is_string() && listed[0]["since"].is_string(),
        "{listed}"
    );
    stage.simulator.graph().change_number(&phone, patch("CONNECTED"));
    stage.run(&line).await;
    let sends = |listed: &Value| listed[0]["state"] == "sending";
    stage.until("channel list", "the worker's check closes it", sends).await;
}

#[both_sizes]
async fn a_removed_channel_sends_nothing_and_its_webhooks_wait(mut stage: Stage) {
    let channel = stage.channel().await;
    let listed = stage.run("channel list").await;
    let [waba, phone] = ["waba_id", "phone_number_id"].map(|it| listed[0][it].as_str().unwrap().to_owned());
    let sent = stage
        .run(r#"send --tenant Acme --to +4915123456789 --payload {"type":"template","template":{"name":"hello_world","language":{"code":"en_US"}}}"#)
        .await;
    let message = sent["id"].as_str().unwrap().to_owned();
    let removed = stage.run(&format!("channel remove {channel}")).await;
    assert_eq!(removed, json!({ "id": channel, "canceled": 1 }));
    assert_eq!(
        stage.run(&format!("message show {message}")).await["status"],
        "canceled"
    );
    assert_eq!(
        stage.run(&format!("channel remove {channel}")).await["canceled"],
        0,
        "once is enough"
    );
    let listed = stage.run("channel list").await;
    assert!(
        listed[0]["state"] == "removed" && listed[0]["since"].is_string(),
        "{listed}"
    );
    for (line, says) in [
        (
            "send --tenant Acme --to +4915123456789 --text Hello".to_owned(),
            "has 0 channels",
        ),
        (format!("channel check {channel}"), "was removed"),
    ] {
        let said = stage.refused(&line).await;
        assert!(said.contains(says), "{said}");
    }
    // A rotation passes over the token that was wiped.
    stage.run("key rotate").await;

    stage.deployment.start().await;
    let written = stage.simulator.write(0, Shape::Text, Some("Hello?")).unwrap();
    stage.simulator.deliver(written).await;
    let mut waiting = Value::Null;
    wait_until(DEADLINE, "the webhook waits in quarantine", async || {
        waiting = stage.admin("quarantine").await;
        waiting["data"][0]["subject"] == format!("phone_number:{phone}")
    })
    .await;
    assert_eq!(stage.simulator.graph().accepted(), 0, "nothing was sent");
    let added = stage.run(&add("Acme", &phone, &waba)).await;
    assert_eq!((&added["id"], &added["released"]), (&json!(channel), &json!(1)));
    let db = stage.deployment.db().await;
    wait_until(DEADLINE, "the message is there", async || {
        const SQL: &str = "SELECT COUNT(*) FROM messages WHERE text = 'Hello?'";
        db.reader().sql(SQL, ()).one::<(i64,)>().await.unwrap().0 == 1
    })
    .await;
    db.close().await;
}

#[both_databases]
async fn what_was_accepted_while_a_channel_was_removed_is_canceled(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let template = json!({ "name": "hello_world", "language": { "code": "en_US" } });
    let message =
        json!({ "channel_id": channel, "to": { "phone": "+4915123456789" }, "type": "template", "template": template });
    let sent = client.post("/api/v1/messages", message.clone()).await;
    assert_eq!(sent.status.as_u16(), 202, "{}", sent.text());
    // As if another process had accepted it a moment after the channel was removed.
    const REMOVED: &str = "UPDATE channels SET archived_at = created_at, updated_at = $1";
    test.advance(chrono::TimeDelta::seconds(1));
    let now = test.app.clock.now();
    test.app.db.sql(REMOVED, (now,)).run().await.unwrap();
    test.app.db.sql("DELETE FROM channel_checks", ()).run().await.unwrap();
    test.app.directory.refresh().await.unwrap();
    let refused = client.post("/api/v1/messages", message).await;
    assert_eq!(refused.problem(422), "invalid-field");
    assert!(
        refused.text().contains("there is no channel chn_"),
        "{}",
        refused.text()
    );
    housekeeping::clean_up(&test.app).await.unwrap();
    let uri = format!("/api/v1/messages/{}", sent.json()["id"].as_str().unwrap());
    assert_eq!(client.get(&uri).await.ok().json()["status"], "canceled");
    assert_eq!(
        test.count("SELECT COUNT(*) FROM channel_checks").await,
        0,
        "nobody checks it"
    );

    // Its webhooks stay in quarantine, whatever housekeeping looks for.
    test.receive(&text(ANA, "wamid.later", T0, "Hello?")).await;
    housekeeping::reconcile(&test.app).await.unwrap();
    const WAITING: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'quarantined'";
    assert_eq!(test.count(WAITING).await, 1);
    let added = test.add_channel(test.tenant, NUMBER, WABA).await;
    assert_eq!((json!(added.id), added.released), (channel, 1));
    test.process_all(8).await;
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages WHERE text = 'Hello?'").await,
        1
    );
}
