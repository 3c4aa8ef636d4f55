use std::collections::BTreeSet;

use mainstay::tenancy;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::{NUMBER, TestApp, WABA},
    http::Client,
    webhook::{ANA, BEN, CLEO, T0, Who, change, echo, message, status, text},
};

/// Many people, each with a message; every three at the same second.
async fn crowd(test: &TestApp, count: usize) {
    for n in 0..count {
        let phone: &'static str = Box::leak(format!("54911000{n:05}").into_boxed_str());
        let name: &'static str = Box::leak(format!("Person {n}").into_boxed_str());
        let who = Who {
            phone: Some(phone),
            user_id: None,
            name,
        };
        test.store(text(who, &format!("wamid.{n}"), T0 + (n / 3) as i64, "Hello").to_string())
            .await;
    }
    test.process_all(64).await;
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn id(client: &Client, list: &str) -> String {
    let page = client.get(list).await.ok().json();
    page["data"][0]["id"].as_str().expect("a row").to_owned()
}

#[both_databases]
async fn a_list_shows_every_row_once_however_it_is_cut(test: TestApp) {
    crowd(&test, 20).await;
    for n in 0..12 {
        test.store(text(ANA, &format!("wamid.ana.{n}"), T0 + n / 5, "again").to_string())
            .await;
    }
    test.process_all(64).await;
    let client = Client::tenant(&test);
    let with_ana = format!(
        "/api/v1/conversations/{}",
        id(&client, "/api/v1/conversations?q=ana").await
    );
    for (list, count) in [
        ("/api/v1/contacts?", 21),
        ("/api/v1/conversations?unread=true", 21),
        ("/api/v1/conversations?q=hello", 20),
        ("/api/v1/messages?direction=inbound", 32),
        (
            "/api/v1/events?after=0",
            test.count("SELECT COUNT(*) FROM events").await as usize,
        ),
        (&format!("{with_ana}/messages?"), 12),
    ] {
        for limit in [1, 5, 7, 200] {
            let (rows, pages) = client.all(&format!("{list}&limit={limit}")).await;
            assert_eq!((rows.len(), ids(&rows).len()), (count, count), "{list} by {limit}");
            assert_eq!(pages, count.div_ceil(limit), "{list} by {limit}");
        }
    }
    let (rows, _) = client.all(&format!("{with_ana}/messages?limit=5")).await;
    let times: Vec<_> = rows.iter().map(|row| row["timestamp"].as_str().unwrap()).collect();
    assert!(times.iter().rev().is_sorted(), "newest first: {times:?}");
    let (rows, _) = client.all("/api/v1/conversations?limit=5").await;
    let times: Vec<_> = rows
        .iter()
        .map(|row| row["last_message"]["timestamp"].as_str().unwrap())
        .collect();
    assert!(times.iter().rev().is_sorted(), "last active first: {times:?}");
}

#[both_databases]
async fn a_cursor_is_good_for_its_own_list_only(test: TestApp) {
    crowd(&test, 3).await;
    let client = Client::tenant(&test);
    let lists = ["contacts", "conversations", "messages", "events"];
    for from in lists {
        let page = client.get(&format!("/api/v1/{from}?limit=1")).await.ok().json();
        let cursor = page["next_cursor"].as_str().expect("more rows");
        for to in lists {
            let answer = client.get(&format!("/api/v1/{to}?limit=1&cursor={cursor}")).await;
            match from == to {
                true => drop(answer.ok()),
                false => assert_eq!(answer.problem(400), "invalid-cursor", "{from} → {to}"),
            }
        }
    }
}

#[both_databases]
async fn a_message_shows_all_there_is_to_know(test: TestApp) {
    let content = json!({ "type": "text", "text": { "body": "Is it  open?" }, "context": { "id": "wamid.before" } });
    test.receive(&change("messages", message(ANA, "wamid.in", T0, content)))
        .await;
    let client = Client::tenant(&test);
    let shown = client
        .get(&format!("/api/v1/messages/{}", id(&client, "/api/v1/messages").await))
        .await
        .ok()
        .json();
    for (member, expected) in [
        ("wamid", "wamid.in"),
        ("direction", "inbound"),
        ("origin", "customer"),
        ("type", "text"),
        ("status", "received"),
        ("text", "Is it  open?"),
        ("context_wamid", "wamid.before"),
        ("timestamp", "2026-09-21T14:13:20Z"),
        ("from", "5491123456789"),
    ] {
        assert_eq!(shown[member], expected, "{member} in {shown}");
    }
    assert_eq!(shown["payload"]["text"]["body"], "Is it  open?");
    for (member, prefix) in [
        ("id", "msg_"),
        ("channel_id", "chn_"),
        ("conversation_id", "cnv_"),
        ("contact_id", "con_"),
    ] {
        assert!(shown[member].as_str().unwrap().starts_with(prefix), "{member}");
    }
    for member in ["received_at", "edited_at", "revoked_at", "error", "to", "statuses"] {
        assert!(shown.get(member).is_some(), "{member} is missing");
    }
}

#[both_databases]
async fn a_message_tells_the_history_of_its_status(test: TestApp) {
    test.receive(&echo(ANA, "wamid.out", T0, "Hello")).await;
    for (at, word) in [(2, "failed"), (1, "sent")] {
        test.receive(&status("wamid.out", word, T0 + at)).await;
    }
    let client = Client::tenant(&test);
    let uri = format!(
        "/api/v1/messages/{}",
        id(&client, "/api/v1/messages?status=failed&direction=outbound").await
    );
    let shown = client.get(&uri).await.ok().json();
    let error = &shown["error"];
    assert_eq!(
        (&error["code"], &error["title"]),
        (&json!(131_026), &json!("Message undeliverable"))
    );
    assert_eq!((&error["details"], &error["templates"]), (&json!(null), &json!(null)));
    let words: Vec<_> = shown["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["sent", "failed"]);
    assert_eq!(shown["statuses"][1]["payload"]["status"], "failed");
    let none = client.get("/api/v1/messages?status=read").await.ok().json();
    assert_eq!(none, json!({ "data": [], "next_cursor": null }));
}

#[both_databases]
async fn every_status_can_be_asked_for_and_is_documented(test: TestApp) {
    let client = Client::tenant(&test);
    let document = client.get("/api/openapi.json").await.ok().json();
    let parameters = document["paths"]["/api/v1/messages"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .clone();
    let schema = &parameters.iter().find(|it| it["name"] == "status").unwrap()["schema"];
    let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let said = &document["components"]["schemas"][name]["enum"];
    for status in mainstay::domain::Status::ALL.map(mainstay::domain::Status::as_str) {
        client.get(&format!("/api/v1/messages?status={status}")).await.ok();
        assert!(said.as_array().unwrap().contains(&json!(status)), "{status}: {said}");
    }
}

#[both_databases]
async fn a_contact_shows_what_it_is_known_by(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    test.receive(&text(CLEO, "wamid.2", T0, "Hi")).await;
    let client = Client::tenant(&test);
    let (contacts, _) = client.all("/api/v1/contacts?limit=1").await;
    let ana = contacts.iter().find(|one| one["name"] == "Ana").expect("Ana");
    assert_eq!(
        (&ana["phone"], &ana["user_id"]),
        (&json!("5491123456789"), &json!("AR.1001"))
    );
    assert_eq!(ana["identities"].as_array().unwrap().len(), 2);
    let cleo = contacts.iter().find(|one| one["name"] == "Cleo").expect("Cleo");
    assert_eq!((&cleo["phone"], &cleo["user_id"]), (&Value::Null, &json!("US.1003")));
    let alone = client
        .get(&format!("/api/v1/contacts/{}", ana["id"].as_str().unwrap()))
        .await
        .ok()
        .json();
    for (member, value) in ana.as_object().unwrap() {
        assert_eq!(&alone[member], value, "{member}");
    }
    assert_eq!(alone["channels"][0]["blocked"], false);
    let conversation = client.get("/api/v1/conversations?q=ana").await.ok().json()["data"][0].clone();
    assert_eq!(conversation["contact"]["phone"], "5491123456789");
    assert_eq!(conversation["unread_count"], 1);
    assert_eq!(conversation["window_expires_at"], "2026-09-22T14:13:20Z");
    let alone = client
        .get(&format!(
            "/api/v1/conversations/{}",
            conversation["id"].as_str().unwrap()
        ))
        .await
        .ok()
        .json();
    assert_eq!(alone, conversation);
}

#[both_databases]
async fn events_go_on_after_the_last_one_seen(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    let client = Client::tenant(&test);
    let first = client.get("/api/v1/events").await.ok().json();
    let seen = first["data"].as_array().unwrap().len() as i64;
    assert_eq!((&first["after"], &first["next_cursor"]), (&json!(seen), &Value::Null));
    let nothing = client.get(&format!("/api/v1/events?after={seen}")).await.ok().json();
    assert_eq!(nothing, json!({ "data": [], "after": seen, "next_cursor": null }));
    test.receive(&text(BEN, "wamid.2", T0, "Hi")).await;
    let more = client
        .get(&format!("/api/v1/events?after={seen}&type=message.received"))
        .await
        .ok()
        .json();
    let events = more["data"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["type"]), (1, &json!("message.received")));
    assert!(events[0]["data"].is_object() && events[0]["sequence"].as_i64() > Some(seen));
    assert_eq!(more["after"], test.count("SELECT COUNT(*) FROM events").await);
}

#[both_databases]
async fn another_tenants_rows_do_not_exist(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    let (_, key) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    let (mine, theirs) = (Client::tenant(&test), Client::of(&test.app).with(key.token.expose()));
    for list in ["channels", "contacts", "conversations", "messages", "events"] {
        assert_eq!(
            theirs.get(&format!("/api/v1/{list}")).await.ok().json()["data"],
            json!([]),
            "{list}"
        );
        assert!(
            !mine.get(&format!("/api/v1/{list}")).await.ok().json()["data"]
                .as_array()
                .unwrap()
                .is_empty(),
            "{list}"
        );
    }
    assert_eq!(
        theirs.get("/api/v1/conversations?q=ana").await.ok().json()["data"],
        json!([])
    );
    for list in ["contacts", "conversations", "messages"] {
        let uri = format!("/api/v1/{list}/{}", id(&mine, &format!("/api/v1/{list}")).await);
        mine.get(&uri).await.ok();
        assert_eq!(theirs.get(&uri).await.problem(404), "not-found", "{uri}");
    }
    let messages = format!(
        "/api/v1/conversations/{}/messages",
        id(&mine, "/api/v1/conversations").await
    );
    mine.get(&messages).await.ok();
    assert_eq!(theirs.get(&messages).await.problem(404), "not-found");
}

#[both_databases]
async fn lists_can_be_narrowed_to_a_channel(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    let other = test.add_channel(test.tenant, "300000000000001", WABA).await;
    let client = Client::tenant(&test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let own = channels["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["phone_number_id"] == NUMBER)
        .unwrap();
    for list in ["conversations", "messages"] {
        for (channel, count) in [(own["id"].as_str().unwrap(), 1), (&other.id.to_string(), 0)] {
            let page = client
                .get(&format!("/api/v1/{list}?channel={channel}"))
                .await
                .ok()
                .json();
            assert_eq!(page["data"].as_array().unwrap().len(), count, "{list} of {channel}");
        }
    }
    assert_eq!(
        client.get("/api/v1/conversations?unread=false").await.ok().json()["data"],
        json!([])
    );
}

#[tokio::test]
async fn the_database_itself_hides_other_tenants_from_a_statement_that_forgets_its_own() {
    let test = TestApp::postgres().await;
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    let (rival, _) = tenancy::create_tenant(&test.registry, "Rival").await.unwrap();
    for table in [
        "channels",
        "api_keys",
        "contacts",
        "contact_identities",
        "conversations",
        "messages",
        "event_cursors",
        "events",
    ] {
        let forgetful = || mainstay::db::Sql::built(format!("SELECT COUNT(*) FROM {table} WHERE tenant_id = $1"));
        let all = mainstay::db::Sql::built(format!("SELECT COUNT(*) FROM {table}"));
        let mut tx = test.app.db.begin_read_as(rival.id).await.unwrap();
        let (seen,): (i64,) = tx.sql(forgetful(), (test.tenant,)).one().await.unwrap();
        assert_eq!(seen, 0, "{table}");
        drop(tx);
        let mut tx = test.app.db.begin_read_as(test.tenant).await.unwrap();
        let (own,): (i64,) = tx.sql(all, ()).one().await.unwrap();
        assert!(own > 0, "{table}: the test proves nothing");
    }
}
