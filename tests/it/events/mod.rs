//! What is told: every type of the catalogue comes, when it should and no more often, and is as its schema says.

mod campaigns;
mod imports;
mod life;
mod people;
pub mod schema;
mod templates;
mod windows;

use mainstay::events;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, change, echo, message, status},
};

#[both_databases]
async fn the_catalogue_is_shown_with_schemas_and_examples(test: TestApp) {
    let shown = Client::tenant(&test).get("/api/v1/event-types").await.ok().json();
    let shown = shown["data"].as_array().unwrap();
    assert_eq!(shown.len(), events::all().count());
    let received = shown.iter().find(|it| it["type"] == "message.received").unwrap();
    assert_eq!(received["version"], 1);
    assert_eq!(
        received["schema"]["properties"]["message"]["properties"]["wamid"]["type"],
        "string"
    );
    assert_eq!(received["example"]["message"]["type"], "text");
    assert_eq!(
        Client::of(&test.app).get("/api/v1/event-types").await.problem(401),
        "unauthorized"
    );
}

#[both_databases]
async fn a_message_is_told_as_the_api_shows_it(test: TestApp) {
    let picture = json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "caption": "our table" },
        "context": { "id": "wamid.0" } });
    test.receive(&change("messages", message(ANA, "wamid.1", T0, picture)))
        .await;
    test.receive(&echo(ANA, "wamid.2", T0 + 1, "We are open")).await;
    for kind in ["message.received", "message.echoed"] {
        let told = &of_type(&test, kind).await[0]["message"];
        let path = format!("/api/v1/messages/{}", told["id"].as_str().unwrap());
        let shown = Client::tenant(&test).get(&path).await.ok().json();
        for (name, value) in told.as_object().unwrap() {
            assert_eq!(&shown[name], value, "{kind}: {name}");
        }
        assert_eq!(told.as_object().unwrap().len(), 17);
    }
}

#[both_databases]
async fn a_status_says_whose_message_it_is(test: TestApp) {
    test.receive(&echo(ANA, "wamid.1", T0, "We are open")).await;
    test.receive(&status("wamid.1", "failed", T0 + 1)).await;
    let message = &of_type(&test, "message.echoed").await[0]["message"];
    let failed = &of_type(&test, "message.failed").await[0];
    for (name, of) in [
        ("message_id", "id"),
        ("wamid", "wamid"),
        ("channel_id", "channel_id"),
        ("conversation_id", "conversation_id"),
        ("contact_id", "contact_id"),
    ] {
        assert_eq!(failed[name], message[of], "{name}");
    }
    let error = &failed["error"];
    assert_eq!(
        (&error["code"], &error["title"], &error["who"]),
        (&json!(131_026), &json!("Message undeliverable"), &json!("tenant"))
    );
    let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    let shown = &Client::tenant(&test).get(&path).await.ok().json()["error"];
    for member in ["code", "title", "who", "advice", "templates"] {
        assert_eq!(error[member], shown[member], "the API and the event say the same");
    }
    assert_eq!(failed["payload"]["status"], "failed");
}

#[both_databases]
async fn a_basket_is_told_as_a_message_and_as_an_order(test: TestApp) {
    let order = json!({ "type": "order", "order": { "catalog_id": "55001", "text": "as a present",
        "product_items": [{ "product_retailer_id": "mug", "quantity": "2", "item_price": 34.5, "currency": "EUR" }] } });
    let basket = change("messages", message(ANA, "wamid.1", T0, order));
    test.receive(&basket).await;
    test.receive(&basket).await;
    let told = of_type(&test, "order.received").await;
    let items = json!([{ "product_retailer_id": "mug", "quantity": 2, "item_price": "34.5", "currency": "EUR" }]);
    assert_eq!(
        (told.len(), &told[0]["order"]["items"], &told[0]["order"]["text"]),
        (1, &items, &json!("as a present"))
    );
    assert_eq!(
        of_type(&test, "message.received").await[0]["message"]["id"],
        told[0]["message_id"]
    );
}

#[test]
fn every_example_fits_its_schema() {
    for it in events::all() {
        let misfits = schema::misfits(&it.schema(), &it.example());
        assert!(misfits.is_empty(), "{}: {misfits:#?}", it.name);
    }
}

#[test]
fn every_example_of_a_status_names_it() {
    for it in events::all() {
        if let Some(word) = it.name.strip_prefix("message.")
            && let Some(status) = it.example().get("status").cloned()
            && word != "reported"
        {
            assert_eq!(status, json!(word));
        }
    }
}

/// The data of the events of a type, oldest first.
async fn of_type(test: &TestApp, kind: &str) -> Vec<Value> {
    const SQL: &str = "SELECT data FROM events WHERE type = $1 ORDER BY sequence";
    let rows: Vec<(String,)> = test.app.db.sql(SQL, (kind.to_owned(),)).all().await.unwrap();
    rows.into_iter()
        .map(|(data,)| serde_json::from_str(&data).unwrap())
        .collect()
}
