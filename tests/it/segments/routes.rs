//! Segments through the API.

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::{Answer, Client},
};

const SEGMENTS: &str = "/api/v1/segments";

/// Makes a segment, and returns its path.
async fn segment(client: &Client, name: &str, filter: &str) -> String {
    let made = client
        .post(SEGMENTS, json!({ "name": name, "filter": filter }))
        .await
        .created();
    format!("{SEGMENTS}/{}", made.json()["id"].as_str().unwrap())
}

async fn field(client: &Client, field: Value) {
    client.post("/api/v1/contact-fields", field).await.created();
}

async fn contact(client: &Client, members: Value) -> String {
    let made = client.post("/api/v1/contacts", members).await.created();
    made.json()["id"].as_str().unwrap().to_owned()
}

fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let contacts = json["data"].as_array().or(json["contacts"].as_array()).unwrap();
    contacts
        .iter()
        .map(|it| it["given_name"].as_str().unwrap().to_owned())
        .collect()
}

/// A query with its values encoded.
fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

#[both_databases]
async fn a_segment_is_made_changed_by_version_and_archived(test: TestApp) {
    let client = Client::tenant(&test);
    client.post("/api/v1/tags", json!({ "name": "vip" })).await.created();
    let made = client
        .post(SEGMENTS, json!({ "name": " Regulars ", "filter": " tag = \"VIP\" " }))
        .await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, Some("\"1\"")));
    let shown = made.json();
    assert_eq!(
        (&shown["name"], &shown["filter"]),
        (&json!("Regulars"), &json!("tag = \"VIP\""))
    );
    let tree = json!({ "type": "test", "path": "tag", "operator": "=", "values": ["vip"] });
    assert_eq!(
        (&shown["tree"], &shown["problem"], &shown["count"]),
        (&tree, &json!(null), &json!(null))
    );
    let path = format!("{SEGMENTS}/{}", shown["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.ok().json(), shown);
    let taken = client
        .post(SEGMENTS, json!({ "name": "REGULARS", "filter": "tag = \"vip\"" }))
        .await;
    assert_eq!(taken.problem(409), "conflict");
    let change = json!({ "name": "Best", "filter": "name = \"Ana\"" });
    let stale = client.patch_version(&path, "\"7\"", change.clone()).await;
    assert_eq!(stale.problem(412), "changed-meanwhile");
    let changed = client.patch_version(&path, "\"1\"", change).await.ok();
    assert_eq!(changed.header("etag"), Some("\"2\""));
    assert_eq!(changed.json()["filter"], "name = \"Ana\"");
    assert_eq!(client.get(SEGMENTS).await.ok().json()["data"], json!([changed.json()]));
    assert_eq!(client.delete(&path).await.status.as_u16(), 204);
    for answer in [
        client.get(&path).await,
        client.get(&format!("{path}/contacts")).await,
        client.get(&format!("{path}/count")).await,
        client.post_nothing(&format!("{path}/count")).await,
        client.patch(&path, json!({ "name": "x" })).await,
        client.delete(&path).await,
    ] {
        assert_eq!(answer.problem(404), "not-found");
    }
    segment(&client, "Best", "name = \"Ana\"").await;
}

#[both_databases]
async fn a_filter_that_is_none_is_refused_with_its_column(test: TestApp) {
    let client = Client::tenant(&test);
    field(&client, json!({ "key": "city", "type": "text" })).await;
    let path = segment(&client, "Pune", "fields.city = \"Pune\"").await;
    let wrong = "name = \"Ana\" and fields.ctiy = \"Pune\"";
    for answer in [
        client.post(SEGMENTS, json!({ "name": "x", "filter": wrong })).await,
        client.patch(&path, json!({ "filter": wrong })).await,
        client
            .post(&format!("{SEGMENTS}/preview"), json!({ "filter": wrong }))
            .await,
        client.get(&query("/api/v1/contacts", &[("filter", wrong)])).await,
    ] {
        assert_eq!(answer.problem(422), "invalid-field");
        let problem = answer.json();
        assert_eq!((&problem["field"], &problem["column"]), (&json!("filter"), &json!(18)));
        let detail = "filter: column 18: there is no field `ctiy`; did you mean `fields.city`?";
        assert_eq!(problem["detail"], detail);
    }
    let unknown = client.get(&query("/api/v1/contacts", &[("tag", "gone")])).await;
    assert_eq!(
        (unknown.problem(422).as_str(), &unknown.json()["field"]),
        ("invalid-field", &json!("tag"))
    );
    let both = client
        .get(&query("/api/v1/contacts", &[("tag", "vip"), ("search", "Ana")]))
        .await;
    assert_eq!(both.problem(400), "invalid-request");
    let own = client.patch(&path, json!({ "filter": "segment = \"Pune\"" })).await;
    assert_eq!(own.problem(422), "invalid-field");
    segment(&client, "Both", "segment = \"Pune\"").await;
    let around = client.patch(&path, json!({ "filter": "segment = \"Both\"" })).await;
    assert!(around.text().contains("would contain itself"), "{}", around.text());
    let many = vec!["segment = \"Pune\""; 20].join(" or ");
    segment(&client, "Many", &many).await;
    let grown = client
        .patch(
            &path,
            json!({ "filter": "name = \"a\" or name = \"b\" or name = \"c\"" }),
        )
        .await;
    assert_eq!(grown.problem(409), "in-use");
    assert!(grown.text().contains("Many"), "{}", grown.text());
}

#[both_databases]
async fn what_a_filter_names_is_renamed_in_it_and_is_not_removed(test: TestApp) {
    let client = Client::tenant(&test);
    field(
        &client,
        json!({ "key": "plan", "type": "choice", "choices": ["Basic", "Plus"] }),
    )
    .await;
    let tag = client.post("/api/v1/tags", json!({ "name": "vip" })).await.json()["id"].clone();
    let list = client.post("/api/v1/lists", json!({ "name": "guests" })).await.json()["id"].clone();
    let tag = format!("/api/v1/tags/{}", tag.as_str().unwrap());
    let list = format!("/api/v1/lists/{}", list.as_str().unwrap());
    let filter = "tag = \"vip\" and not list = \"guests\" and fields.plan = \"Plus\"";
    let inner = segment(&client, "Inner", filter).await;
    let outer = segment(&client, "Outer", "segment = \"inner\"").await;
    let field = "/api/v1/contact-fields/plan";
    for answer in [
        client.delete(&tag).await,
        client.delete(&list).await,
        client.delete(field).await,
        client.patch(field, json!({ "archived": true })).await,
        client.patch(field, json!({ "choices": ["Basic"] })).await,
        client.delete(&inner).await,
    ] {
        assert_eq!(answer.problem(409), "in-use");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("Inner") || detail.contains("Outer"), "{detail}");
    }
    client.patch(field, json!({ "choices": ["Plus", "Gold"] })).await.ok();
    client.patch(&tag, json!({ "name": "the \"best\"" })).await.ok();
    client.patch(&list, json!({ "name": "Visitors" })).await.ok();
    client.patch(&inner, json!({ "name": "Core" })).await.ok();
    let renamed = "tag = \"the \\\"best\\\"\" and not list = \"Visitors\" and fields.plan = \"Plus\"";
    assert_eq!(client.get(&inner).await.json()["filter"], renamed);
    assert_eq!(client.get(&outer).await.json()["filter"], "segment = \"Core\"");
    client.patch(&inner, json!({ "filter": "name = \"Ana\"" })).await.ok();
    assert_eq!(client.delete(&tag).await.status.as_u16(), 204);
    assert_eq!(client.delete(field).await.status.as_u16(), 204);
    assert_eq!(client.delete(&outer).await.status.as_u16(), 204);
    assert_eq!(client.delete(&inner).await.status.as_u16(), 204);
}

#[both_databases]
async fn contacts_are_listed_by_tag_list_segment_and_filter(test: TestApp) {
    let client = Client::tenant(&test);
    field(&client, json!({ "key": "age", "type": "number" })).await;
    for (name, age, tags, lists) in [
        ("Ana", 34, json!(["vip"]), json!(["guests"])),
        ("Ben", 17, json!(["vip", "new"]), json!([])),
        ("Cem", 50, json!([]), json!(["guests"])),
    ] {
        let members =
            json!({ "external_id": name, "given_name": name, "fields": { "age": age }, "tags": tags, "lists": lists });
        contact(&client, members).await;
    }
    let gone = contact(
        &client,
        json!({ "external_id": "Dan", "given_name": "Dan", "tags": ["vip"] }),
    )
    .await;
    client.delete(&format!("/api/v1/contacts/{gone}")).await;
    let path = segment(&client, "Adults", "fields.age >= 18").await;
    let id = path.rsplit('/').next().unwrap();
    for (pairs, found) in [
        (&[("tag", "VIP")][..], &["Ben", "Ana"][..]),
        (&[("list", "guests")], &["Cem", "Ana"]),
        (&[("segment", id)], &["Cem", "Ana"]),
        (&[("segment", "adults")], &["Cem", "Ana"]),
        (&[("filter", "not tag = \"new\"")], &["Cem", "Ana"]),
        (
            &[("tag", "vip"), ("segment", id), ("filter", "name starts \"a\"")],
            &["Ana"],
        ),
        (&[("tag", "new"), ("list", "guests")], &[]),
    ] {
        let answer = client.get(&query("/api/v1/contacts", pairs)).await.ok();
        assert_eq!(names(&answer), found, "{pairs:?}");
        assert_eq!(answer.json()["next_cursor"], json!(null));
    }
    let first = client
        .get(&query("/api/v1/contacts", &[("tag", "vip"), ("limit", "1")]))
        .await
        .ok();
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = client
        .get(&query(
            "/api/v1/contacts",
            &[("tag", "vip"), ("limit", "1"), ("cursor", &cursor)],
        ))
        .await
        .ok();
    assert_eq!(
        (names(&first), names(&second)),
        (vec!["Ben".to_owned()], vec!["Ana".to_owned()])
    );
    assert_eq!(second.json()["next_cursor"], json!(null));
    assert_eq!(
        names(&client.get(&format!("{path}/contacts")).await.ok()),
        ["Cem", "Ana"]
    );
    let preview = client
        .post(
            &format!("{SEGMENTS}/preview"),
            json!({ "filter": "tag=\"VIP\" or (fields.age>040)" }),
        )
        .await
        .ok();
    assert_eq!(names(&preview), ["Cem", "Ben", "Ana"]);
    let preview = preview.json();
    assert_eq!(preview["filter"], "tag = \"vip\" or fields.age > 40");
    assert_eq!((&preview["count"], &preview["complete"]), (&json!(3), &json!(true)));
    let count = format!("{path}/count");
    assert_eq!(client.get(&count).await.ok().json()["count"], json!(null));
    let counted = client.post_nothing(&count).await.ok().json();
    assert_eq!(
        (&counted["count"], counted["counted_at"].is_string()),
        (&json!(2), true)
    );
    assert_eq!(client.get(&count).await.ok().json(), counted);
    assert_eq!(client.get(&path).await.ok().json()["count"], 2);
    client.patch(&path, json!({ "filter": "fields.age < 18" })).await.ok();
    assert_eq!(
        client.get(&count).await.ok().json()["count"],
        json!(null),
        "it was that of another filter"
    );
}

#[both_databases]
async fn another_tenants_segments_do_not_exist(test: TestApp) {
    let client = Client::tenant(&test);
    let path = segment(&client, "Mine", "name = \"Ana\"").await;
    let (_, key) = mainstay::tenancy::create_tenant(&test.registry, "Other").await.unwrap();
    let other = Client::of(&test.app).with(key.token.expose());
    for answer in [
        other.get(&path).await,
        other.get(&format!("{path}/contacts")).await,
        other.patch(&path, json!({ "name": "x" })).await,
        other.delete(&path).await,
    ] {
        assert_eq!(answer.problem(404), "not-found");
    }
    assert_eq!(other.get(SEGMENTS).await.ok().json()["data"], json!([]));
    let named = other
        .post(SEGMENTS, json!({ "name": "x", "filter": "segment = \"Mine\"" }))
        .await;
    assert_eq!(named.problem(422), "invalid-field");
    segment(&other, "Mine", "name = \"Ana\"").await;
}
