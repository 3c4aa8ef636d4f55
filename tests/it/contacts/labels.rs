use mainstay_test_macros::both_databases;
use serde_json::json;

use crate::support::{app::TestApp, http::Client};

#[both_databases]
async fn tags_and_lists_are_renamed_and_deleted_with_their_contacts(test: TestApp) {
    let client = Client::tenant(&test);
    let made = client
        .post(
            "/api/v1/contacts",
            json!({ "external_id": "c-1", "tags": ["vip", "new"], "lists": ["vip"] }),
        )
        .await;
    let path = format!("/api/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    let tags = client.get("/api/v1/tags").await.ok().json();
    let vip = tags["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "vip")
        .unwrap();
    let tag = format!("/api/v1/tags/{}", vip["id"].as_str().unwrap());
    let taken = client.patch(&tag, json!({ "name": "NEW" })).await;
    assert_eq!(taken.problem(409), "conflict");
    client
        .patch(&tag, json!({ "name": "Best", "colour": "#3B82F6" }))
        .await
        .ok();
    assert_eq!(client.get(&path).await.json()["tags"], json!(["Best", "new"]));
    client
        .patch(&path, json!({ "remove_tags": ["best"], "tags": ["third"] }))
        .await
        .ok();
    assert_eq!(client.get(&path).await.json()["tags"], json!(["new", "third"]));
    assert_eq!(client.delete(&tag).await.status.as_u16(), 204);
    assert_eq!(
        client.get("/api/v1/lists").await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "a list is no tag"
    );
    let list = client.get("/api/v1/lists").await.json()["data"][0]["id"].clone();
    assert_eq!(
        client
            .delete(&format!("/api/v1/tags/{}", list.as_str().unwrap()))
            .await
            .problem(404),
        "not-found"
    );
    assert_eq!(
        client
            .delete(&format!("/api/v1/lists/{}", list.as_str().unwrap()))
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(client.get(&path).await.json()["lists"], json!([]));
}

#[both_databases]
async fn a_field_keeps_its_key_and_type_and_is_archived_with_its_values(test: TestApp) {
    let client = Client::tenant(&test);
    client
        .post("/api/v1/contact-fields", json!({ "key": "city", "type": "text" }))
        .await
        .created();
    let again = client
        .post("/api/v1/contact-fields", json!({ "key": "city", "type": "number" }))
        .await;
    assert_eq!(again.problem(409), "conflict");
    let made = client
        .post(
            "/api/v1/contacts",
            json!({ "external_id": "c-1", "fields": { "city": "Pune" } }),
        )
        .await;
    let path = format!("/api/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    let renamed = client
        .patch("/api/v1/contact-fields/city", json!({ "label": "Town" }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&renamed["key"], &renamed["label"], &renamed["type"]),
        (&json!("city"), &json!("Town"), &json!("text"))
    );
    assert_eq!(client.delete("/api/v1/contact-fields/city").await.status.as_u16(), 204);
    assert_eq!(client.get(&path).await.json()["fields"], json!({ "city": "Pune" }));
    let refused = client.patch(&path, json!({ "fields": { "city": "Surat" } })).await;
    assert_eq!(refused.problem(422), "invalid-field");
    client
        .patch("/api/v1/contact-fields/city", json!({ "archived": false }))
        .await
        .ok();
    client.patch(&path, json!({ "fields": { "city": "Surat" } })).await.ok();
    for n in 0..99 {
        client
            .post(
                "/api/v1/contact-fields",
                json!({ "key": format!("f{n}"), "type": "text" }),
            )
            .await
            .created();
    }
    let full = client
        .post("/api/v1/contact-fields", json!({ "key": "more", "type": "text" }))
        .await;
    assert_eq!(
        (full.problem(409).as_str(), full.json()["limit"].as_u64()),
        ("wrong-state", Some(100))
    );
}

/// Names of tags.
fn names(of: std::ops::Range<usize>) -> Vec<String> {
    of.map(|n| format!("t{n}")).collect()
}

#[both_databases]
async fn a_contact_has_at_most_a_hundred_tags_and_a_hundred_lists(test: TestApp) {
    let client = Client::tenant(&test);
    let full = json!({ "external_id": "c-1", "tags": names(0..100), "lists": names(0..99) });
    let made = client.post("/api/v1/contacts", full).await.created().json();
    let path = format!("/api/v1/contacts/{}", made["id"].as_str().unwrap());
    let refused = client
        .patch(&path, json!({ "given_name": "Ana", "tags": ["one more"] }))
        .await;
    assert_eq!(refused.problem(409), "wrong-state");
    assert_eq!(refused.json()["limit"], 100);
    assert!(
        refused.text().contains("at most 100 tags of one contact"),
        "{}",
        refused.text()
    );
    let rows = json!({ "contacts": [
        { "external_id": "c-1", "lists": ["T98", "t99"] },
        { "external_id": "c-1", "lists": ["t100"] },
        { "external_id": "c-1", "remove_tags": ["t0", "t1"], "tags": ["t100"] },
        { "external_id": "c-2", "tags": names(0..60) },
        { "external_id": "c-2", "tags": names(50..101) },
        { "external_id": "c-2", "tags": names(50..100) },
    ] });
    let results = client.post("/api/v1/contacts/batch", rows).await.ok().json();
    let refused: Vec<bool> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["problem"].is_object())
        .collect();
    assert_eq!(refused, [false, true, false, false, true, false], "{results}");
    assert_eq!(
        (&results["created"], &results["updated"]),
        (&json!(1), &json!(3)),
        "{results}"
    );
    let shown = client.get(&path).await.ok().json();
    let number = |of: &serde_json::Value, kind: &str| of[kind].as_array().unwrap().len();
    assert_eq!(
        (number(&shown, "tags"), number(&shown, "lists"), &shown["given_name"]),
        (99, 100, &json!(null))
    );
    let other = client.get("/api/v1/contacts?external_id=c-2").await.ok().json()["data"][0].clone();
    assert_eq!(number(&other, "tags"), 100);
}

#[both_databases]
async fn tags_count_a_version_of_the_contact(test: TestApp) {
    let client = Client::tenant(&test);
    let made = client
        .post("/api/v1/contacts", json!({ "external_id": "c-1", "tags": ["a"] }))
        .await
        .created()
        .json();
    let path = format!("/api/v1/contacts/{}", made["id"].as_str().unwrap());
    let mut versions = vec![made["version"].as_i64().unwrap()];
    for change in [
        json!({ "tags": ["b"] }),
        json!({ "tags": ["B"] }),
        json!({ "remove_tags": ["a"], "given_name": "Ana" }),
        json!({ "lists": ["news"] }),
    ] {
        let changed = client.patch(&path, change).await.ok().json();
        versions.push(changed["version"].as_i64().unwrap());
    }
    assert_eq!(versions, [2, 3, 3, 4, 5]);
}
