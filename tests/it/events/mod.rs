//! What is told: every type of the catalogue comes, when it should and no more often, and is as its schema says.

mod life;
mod people;
mod schema;
mod templates;
mod windows;

use mainstay::events;
use serde_json::{Value, json};

use crate::support::{
    app::{TestApp, on_both},
    http::Client,
};

on_both! {
    async fn the_catalogue_is_shown_with_schemas_and_examples(test: TestApp) {
        let shown = Client::tenant(&test).get("/api/v1/event-types").await.ok().json();
        let shown = shown["data"].as_array().unwrap();
        assert_eq!(shown.len(), events::all().count());
        let received = shown.iter().find(|it| it["type"] == "message.received").unwrap();
        assert_eq!(received["version"], 1);
        assert_eq!(received["schema"]["properties"]["message"]["properties"]["wamid"]["type"], "string");
        assert_eq!(received["example"]["message"]["type"], "text");
        assert_eq!(Client::of(&test.app).get("/api/v1/event-types").await.problem(401), "unauthorized");
    }
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
