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
