//! Exports of contacts, conversations and messages.

use chrono::TimeDelta;
use mainstay::{
    domain::{Ctx, ExportId, Id, Scopes},
    exports::{self, EXPORTS},
    queue::{self, Outcome},
    tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::{counts, field, imported, people};
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, BEN, T0, text},
};

async fn exporter(test: &TestApp) -> Client {
    client(test, "read write events contacts.export conversations.export").await
}

/// Somebody whose key has the sets of permissions, and so no export.
async fn reader(test: &TestApp) -> Client {
    client(test, "read write events").await
}

async fn client(test: &TestApp, scopes: &str) -> Client {
    let held: Scopes = scopes.parse().unwrap();
    let ctx = Ctx::operator(test.tenant);
    let key = tenancy::create_api_key(&test.registry, &ctx, "key", &held)
        .await
        .unwrap();
    Client::of(&test.app).with(key.token.expose())
}

/// A file whose values want to be misunderstood.
const HOSTILE: &str = "phone,external_id,name,tags,fields.note,fields.size,fields.age\n\
    +4915123456701,=1+1,\"=HYPERLINK(\"\"http://x\"\")\",\"vip,\"\"a,b\"\"\",\"'=2+2\",M,30\n\
    +4915123456702,@sum,+Plus,,\"two\nlines; and \"\"quotes\"\"\",,-3.5\n\
    +4915123456703,-3,'tis,,plain,S,\n";

async fn hostile(test: &TestApp) {
    field(test, json!({ "key": "note", "type": "text", "label": "Note" })).await;
    field(
        test,
        json!({ "key": "size", "type": "choice", "label": "Size", "choices": ["S", "M"] }),
    )
    .await;
    field(test, json!({ "key": "age", "type": "number", "label": "Age" })).await;
    let import = imported(test, "lists=news", HOSTILE).await;
    assert_eq!(counts(&import), [3, 3, 0, 0, 0, 0], "{import}");
}

#[both_databases]
async fn what_is_exported_can_be_imported_and_exported_again_as_it_was(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let first = client.get("/api/v1/contacts/export").await.ok();
    assert_eq!(first.header("content-type"), Some("text/csv; charset=utf-8"));
    let before = people(&test).await;
    let again = imported(&test, "", first.text()).await;
    assert_eq!(counts(&again), [3, 0, 0, 3, 0, 0], "nothing differs: {again}");
    assert_eq!(before, people(&test).await);

    let other = TestApp::like(&test).await;
    hostile_fields(&other).await;
    let import = imported(&other, "", first.text()).await;
    assert_eq!(counts(&import), [3, 3, 0, 0, 0, 0], "{import}");
    let second = exporter(&other).await.get("/api/v1/contacts/export").await.ok().text();
    let kept = |text: &str| {
        let mut reader = csv_rows(text);
        reader.iter_mut().for_each(|row| row.truncate(13));
        reader.iter().map(|row| row[1..].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(kept(&first.text()), kept(&second));
}

async fn hostile_fields(test: &TestApp) {
    field(test, json!({ "key": "note", "type": "text", "label": "Note" })).await;
    field(
        test,
        json!({ "key": "size", "type": "choice", "label": "Size", "choices": ["S", "M"] }),
    )
    .await;
    field(test, json!({ "key": "age", "type": "number", "label": "Age" })).await;
}

/// Reads CSV as its specification says (RFC 4180).
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}

#[both_databases]
async fn no_cell_begins_like_a_formula_unless_that_is_asked_for(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let rows = csv_rows(&client.get("/api/v1/contacts/export").await.ok().text());
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .flatten()
            .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t'])),
        "{rows:?}"
    );
    let raw = csv_rows(&client.get("/api/v1/contacts/export?escape=false").await.ok().text());
    assert!(raw.iter().flatten().any(|cell| cell == "=1+1"), "{raw:?}");
}

#[both_databases]
async fn lines_of_json_have_the_same_members_and_times_their_zone(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let lines = client
        .get("/api/v1/contacts/export?format=ndjson&tz=Asia/Kolkata")
        .await
        .ok()
        .text();
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    for (member, value) in [
        ("phone", json!("+4915123456701")),
        ("external_id", json!("=1+1")),
        ("tags", json!("\"a,b\",vip")),
        ("lists", json!("news")),
        ("fields.age", json!(30)),
        ("fields.size", json!("M")),
        ("consent.marketing", json!(null)),
        ("source", json!("import")),
    ] {
        assert_eq!(rows[0][member], value, "{member}");
    }
    assert!(
        rows[0]["created_at"].as_str().unwrap().ends_with("+05:30"),
        "{}",
        rows[0]
    );
    let refused = client.get("/api/v1/contacts/export?tz=Mars").await;
    assert_eq!(refused.problem(400), "invalid-request");
}

#[both_databases]
async fn conversations_and_the_messages_of_one_are_exported(test: TestApp) {
    for n in 0..3 {
        test.receive(&text(ANA, &format!("wamid.a{n}"), T0 + n, "=hello")).await;
    }
    test.receive(&text(BEN, "wamid.b", T0, "hi")).await;
    let client = exporter(&test).await;
    let rows = csv_rows(&client.get("/api/v1/conversations/export").await.ok().text());
    assert_eq!((rows.len(), rows[0][0].as_str()), (3, "id"));
    let id = rows.iter().find(|row| row.iter().any(|cell| cell == ANA.name)).unwrap()[0].clone();
    let path = format!("/api/v1/conversations/{id}/messages/export");
    let messages = csv_rows(&client.get(&path).await.ok().text());
    let texts: Vec<&str> = messages[1..].iter().map(|row| row[9].as_str()).collect();
    assert_eq!(texts, ["'=hello"; 3]);
    assert!(messages[1..].iter().all(|row| row[1] == id));
    let none = "/api/v1/conversations/cnv_0198aaaabbbb7ccc8dddeeeeffff0001/messages/export";
    assert_eq!(client.get(none).await.problem(404), "not-found");
    let reader = reader(&test).await.get("/api/v1/conversations/export").await;
    assert_eq!(reader.problem(403), "missing-permission");
}

#[both_databases]
async fn more_than_a_page_is_exported_whole(test: TestApp) {
    let mut csv = "phone\n".to_owned();
    (0..2_500).for_each(|n| csv += &format!("+49151{}\n", 20_000_000 + n));
    imported(&test, "", csv).await;
    let rows = csv_rows(&exporter(&test).await.get("/api/v1/contacts/export").await.ok().text());
    let mut phones: Vec<&String> = rows[1..].iter().map(|row| &row[1]).collect();
    phones.sort();
    phones.dedup();
    assert_eq!(phones.len(), 2_500);
}

#[both_databases]
async fn a_file_is_written_in_the_background_and_fetched_by_a_link_for_a_while(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let asked = client.get("/api/v1/contacts/export?async=true").await;
    assert_eq!(asked.status.as_u16(), 202, "{}", asked.text());
    let asked = asked.json();
    assert_eq!((&asked["state"], &asked["url"]), (&json!("waiting"), &json!(null)));
    let id = asked["id"].as_str().unwrap();
    let export: ExportId = id.parse().unwrap();
    claimed(&test, export).await;
    assert_eq!(exports::run(&test.app.exports, export).await.unwrap(), Outcome::Settled);
    let path = format!("/api/v1/exports/{id}");
    let ready = client.get(&path).await.ok().json();
    assert_eq!((&ready["state"], &ready["rows"]), (&json!("ready"), &json!(3)));
    let url = ready["url"].as_str().unwrap().to_owned();
    let nobody = Client::of(&test.app);
    let file = nobody.get(&url).await.ok();
    assert_eq!(file.text(), client.get("/api/v1/contacts/export").await.ok().text());
    assert_eq!(ready["bytes"], json!(file.body.len()));
    assert_eq!(nobody.get(&format!("{url}x")).await.problem(403), "link-invalid");
    assert_eq!(nobody.get(&path).await.problem(401), "unauthorized");
    let reader = reader(&test).await.get(&path).await;
    assert_eq!(
        reader.problem(404),
        "not-found",
        "it needs the permission that it was made with"
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'export.ready'")
            .await,
        1
    );
    test.advance(TimeDelta::hours(25));
    assert_eq!(nobody.get(&url).await.problem(403), "link-invalid");
    let newer = client.get(&path).await.ok().json()["url"].as_str().unwrap().to_owned();
    nobody.get(&newer).await.ok();
    test.advance(TimeDelta::days(7));
    exports::clean_up(&test.app.exports).await.unwrap();
    let expired = client.get(&path).await.ok().json();
    assert_eq!((&expired["state"], &expired["url"]), (&json!("expired"), &json!(null)));
}

#[both_databases]
async fn some_contacts_are_exported_by_filter_segment_tag_or_list(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let segment = json!({ "name": "Small", "filter": "fields.size = \"S\"" });
    client.post("/api/v1/segments", segment).await.created();
    for (query, phones) in [
        ("filter=fields.age%20%3E%200", &["+4915123456701"][..]),
        ("tag=vip", &["+4915123456701"]),
        ("segment=Small", &["+4915123456703"]),
        (
            "list=news&filter=not%20tag%20%3D%20%22vip%22",
            &["+4915123456702", "+4915123456703"],
        ),
        ("list=news&segment=Small&tag=vip", &[]),
    ] {
        let exported = client
            .get(&format!("/api/v1/contacts/export?format=ndjson&{query}"))
            .await
            .ok();
        let rows: Vec<Value> = exported
            .text()
            .lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        let found: Vec<&Value> = rows.iter().map(|it| &it["phone"]).collect();
        assert_eq!(found, phones, "{query}");
    }
    let header = client
        .get("/api/v1/contacts/export?list=news&segment=Small&tag=vip")
        .await
        .ok()
        .text();
    assert_eq!(header.lines().count(), 1, "a sheet of nobody has its header: {header}");
    let path = "/api/v1/contacts/export?filter=fields.sise%20is%20known";
    let refused = client.get(path).await;
    assert_eq!(refused.problem(422), "invalid-field");
    let refused = refused.json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("fields.size") && refused["column"] == 1, "{refused}");
    let both = client.get("/api/v1/contacts/export?archived=true&tag=vip").await;
    assert_eq!(both.problem(400), "invalid-request");
    assert!(both.text().contains("leave `archived` out"), "{}", both.text());
}

#[both_databases]
async fn an_export_whose_filter_is_none_any_more_fails_with_the_reason(test: TestApp) {
    hostile(&test).await;
    let client = exporter(&test).await;
    let asked = client.get("/api/v1/contacts/export?async=true&tag=vip").await.json();
    let export: ExportId = asked["id"].as_str().unwrap().parse().unwrap();
    let tags = client.get("/api/v1/tags").await.ok().json();
    let vip = tags["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "vip")
        .unwrap();
    client
        .delete(&format!("/api/v1/tags/{}", vip["id"].as_str().unwrap()))
        .await;
    let outcome = exports::run(&test.app.exports, claimed(&test, export).await)
        .await
        .unwrap();
    assert!(format!("{outcome:?}").contains("there is no tag"), "{outcome:?}");
}

/// Leases an export, as a worker does before it runs.
async fn claimed(test: &TestApp, export: ExportId) -> ExportId {
    let now = test.app.clock.now();
    let until = now + TimeDelta::seconds(15);
    let leases = queue::claim(test.app.db.writer(), &EXPORTS, &[export.uuid()], until, now).await;
    assert_eq!(leases.unwrap().len(), 1, "it is due");
    export
}
