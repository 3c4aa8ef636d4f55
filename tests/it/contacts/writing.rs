use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, text},
};

async fn event_types(test: &TestApp) -> Vec<String> {
    let (events, _) = Client::tenant(test).all("/api/v1/events?limit=200").await;
    events
        .iter()
        .map(|it| it["type"].as_str().unwrap().to_owned())
        .collect()
}

#[both_databases]
async fn a_contact_is_created_read_changed_and_archived(test: TestApp) {
    let client = Client::tenant(&test);
    let field = json!({ "key": "age", "type": "number", "label": "Age" });
    client.post("/api/v1/contact-fields", field).await.created();
    let new = json!({
        "phone": "+49 (0)151 23456789", "given_name": " Ana\u{0301} ", "external_id": "c-1", "language": "pt-br", "country": "de",
        "time_zone": "Europe/Berlin", "fields": { "age": 34 }, "tags": ["VIP", "vip"], "lists": ["newsletter"]
    });
    let made = client.post("/api/v1/contacts", new).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let (etag, made) = (made.header("etag").unwrap().to_owned(), made.json());
    let id = made["id"].as_str().unwrap();
    for (member, value) in [
        ("name", json!("Aná")),
        ("given_name", json!("Aná")),
        ("profile_name", Value::Null),
        ("phone", json!("4915123456789")),
        ("language", json!("pt_BR")),
        ("country", json!("DE")),
        ("fields", json!({ "age": 34 })),
        ("tags", json!(["VIP"])),
        ("lists", json!(["newsletter"])),
        ("source", json!("api")),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    let path = format!("/api/v1/contacts/{id}");
    let changed = client
        .patch_version(&path, &etag, json!({ "given_name": "Ana", "fields": { "age": null } }))
        .await;
    let (newer, changed) = (changed.header("etag").unwrap().to_owned(), changed.ok().json());
    assert_eq!((&changed["name"], &changed["fields"]), (&json!("Ana"), &json!({})));
    assert_ne!(newer, etag);
    let stale = client
        .patch_version(&path, &etag, json!({ "given_name": "Somebody" }))
        .await;
    assert_eq!(stale.problem(412), "changed-meanwhile");
    assert_eq!(client.get(&path).await.ok().json()["given_name"], "Ana");
    let same = client.patch(&path, json!({ "given_name": "Ana" })).await;
    assert_eq!(same.header("etag"), Some(newer.as_str()), "nothing changed");

    assert_eq!(client.delete(&path).await.status.as_u16(), 204);
    let listed = async |query: &str| client.all(&format!("/api/v1/contacts{query}")).await.0.len();
    assert_eq!(
        (
            listed("?limit=9").await,
            listed("?archived=true").await,
            listed("?search=ana").await
        ),
        (0, 1, 0)
    );
    let back = client.patch(&path, json!({ "archived": false })).await.ok().json();
    assert_eq!(back["archived_at"], Value::Null);
    assert_eq!((listed("?limit=9").await, listed("?external_id=c-1").await), (1, 1));
    let types = event_types(&test).await;
    let of = |name: &str| types.iter().filter(|it| *it == name).count();
    assert_eq!(
        (
            of("contact.created"),
            of("contact.updated"),
            of("contact.tagged"),
            of("contact.archived")
        ),
        (1, 1, 1, 2)
    );
}

#[both_databases]
async fn whoever_has_an_identity_is_named_and_found_in_every_national_form(test: TestApp) {
    let client = Client::tenant(&test);
    let brazilian = client
        .post("/api/v1/contacts", json!({ "phone": "+55 11 98765-4321" }))
        .await
        .json();
    let taken = client
        .post("/api/v1/contacts", json!({ "phone": "+55 11 8765-4321" }))
        .await;
    assert_eq!(taken.problem(409), "contact-exists");
    assert_eq!(taken.json()["contact_id"], brazilian["id"]);
    let same = client
        .put("/api/v1/contacts/by/phone/551187654321", json!({ "external_id": "br" }))
        .await;
    assert_eq!(same.status.as_u16(), 200);
    assert_eq!(same.json()["id"], brazilian["id"]);
    assert_eq!(
        same.json()["phone"],
        "5511987654321",
        "what is stored stays as it is written"
    );
    let other = client.put("/api/v1/contacts/by/external_id/c-2", json!({})).await;
    assert_eq!(other.status.as_u16(), 201);
    let both = client
        .put(
            "/api/v1/contacts/by/external_id/c-2",
            json!({ "phone": "+5511987654321" }),
        )
        .await;
    assert_eq!(both.problem(409), "two-contacts");
    let path = format!("/api/v1/contacts/{}", other.json()["id"].as_str().unwrap());
    let taken = client.patch(&path, json!({ "external_id": "br" })).await;
    assert_eq!(taken.problem(409), "contact-exists");
    assert_eq!(
        client.get("/api/v1/contacts?phone=%2B5511987654321").await.json()["data"][0]["id"],
        brazilian["id"]
    );
}

#[both_databases]
async fn one_bad_contact_of_a_batch_does_not_affect_the_others(test: TestApp) {
    let client = Client::tenant(&test);
    let batch = json!({ "contacts": [
        { "phone": "+4915123456789", "given_name": "Ana" },
        { "phone": "0151 23456789" },
        { "phone": "+49 151 23456789", "given_name": "Ana Sommer" },
        { "given_name": "Nobody" },
        { "external_id": "c-9", "country": "Germany" },
        { "external_id": "c-9", "country": "DE" },
    ] });
    let answer = client.post("/api/v1/contacts/batch", batch.clone()).await.ok().json();
    let results: Vec<&str> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["result"].as_str().unwrap())
        .collect();
    assert_eq!(
        results,
        ["created", "failed", "updated", "failed", "failed", "created"],
        "{answer}"
    );
    assert_eq!(answer["results"][0]["contact_id"], answer["results"][2]["contact_id"]);
    assert_eq!(answer["results"][4]["problem"]["field"], "country");
    let (all, _) = client.all("/api/v1/contacts?limit=50").await;
    assert_eq!(all.len(), 2);
    assert!(all.iter().any(|it| it["name"] == "Ana Sommer"), "the later one wins");
    let again = client
        .post("/api/v1/contacts/batch", json!({ "contacts": [batch["contacts"][2]] }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&again["unchanged"], &again["results"][0]["result"]),
        (&json!(1), &json!("unchanged"))
    );
}

#[both_databases]
async fn a_given_name_stays_when_the_customer_writes_and_an_archived_contact_comes_back(test: TestApp) {
    let client = Client::tenant(&test);
    let made = client
        .post(
            "/api/v1/contacts",
            json!({ "phone": format!("+{}", ANA.phone.unwrap()), "given_name": "Mrs Sommer" }),
        )
        .await;
    let path = format!("/api/v1/contacts/{}", made.json()["id"].as_str().unwrap());
    client.delete(&path).await;
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    let shown = client.get(&path).await.ok().json();
    assert_eq!(
        (&shown["name"], &shown["archived_at"]),
        (&json!("Mrs Sommer"), &Value::Null)
    );
    assert_eq!(shown["profile_name"], ANA.name);
    assert_eq!(shown["channels"][0]["blocked"], false);
    assert!(shown["channels"][0]["window_expires_at"].is_string());
    let types = event_types(&test).await;
    assert_eq!(types.iter().filter(|it| *it == "contact.archived").count(), 2);
}

#[both_databases]
async fn what_does_not_fit_is_refused_with_its_name(test: TestApp) {
    let client = Client::tenant(&test);
    client
        .post(
            "/api/v1/contact-fields",
            json!({ "key": "plan", "type": "choice", "choices": ["Gold", "Basic"] }),
        )
        .await
        .created();
    for (members, field) in [
        (json!({ "phone": "hello" }), "phone"),
        (json!({ "phone": "+4915123456789", "country": "Germany" }), "country"),
        (json!({ "phone": "+4915123456789", "time_zone": "Berlin" }), "time_zone"),
        (json!({ "phone": "+4915123456789", "language": "german" }), "language"),
        (
            json!({ "phone": "+4915123456789", "fields": { "plan": "silver" } }),
            "fields.plan",
        ),
        (
            json!({ "phone": "+4915123456789", "fields": { "shoe": "42" } }),
            "fields.shoe",
        ),
        (
            json!({ "phone": "+4915123456789", "given_name": "x".repeat(201) }),
            "given_name",
        ),
        (json!({ "phone": "+4915123456789", "tags": [""] }), "name"),
        (json!({ "given_name": "Nobody" }), "phone"),
    ] {
        let answer = client.post("/api/v1/contacts", members.clone()).await;
        assert_eq!(answer.problem(422), "invalid-field", "{members}");
        assert_eq!(answer.json()["field"], field, "{members}");
    }
    assert_eq!(client.get("/api/v1/contacts").await.json()["data"], json!([]));
    let field = client
        .post("/api/v1/contact-fields", json!({ "key": "2024", "type": "text" }))
        .await;
    assert_eq!(field.json()["field"], "key");
}

/// Meta names Brazilian numbers with or without their ninth digit; people write them as they know them.
#[both_databases]
async fn a_customer_is_one_contact_in_whatever_national_form_their_number_is_named(test: TestApp) {
    let client = Client::tenant(&test);
    let made = client
        .post(
            "/api/v1/contacts",
            json!({ "phone": "+55 11 98765-4321", "given_name": "Bia" }),
        )
        .await
        .json();
    let bia = crate::support::webhook::Who {
        phone: Some("551187654321"),
        user_id: None,
        name: "Bia",
    };
    test.receive(&text(bia, "wamid.1", T0, "oi")).await;
    let (all, _) = client.all("/api/v1/contacts?limit=9").await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["id"], made["id"]);
    let numbers: Vec<&str> = all[0]["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    assert_eq!(
        (numbers.len(), all[0]["phone"].as_str()),
        (2, Some("551187654321")),
        "Meta's form is the newest: {numbers:?}"
    );
}
