//! Refusals of imports, exports and verifications.

use chrono::TimeDelta;
use mainstay::{
    domain::{ExportId, Id},
    exports::{self, EXPORTS},
    queue,
};

use super::refusals::Refusal;
use crate::support::{app::TestApp, http::Client};

/// Asks for all of them.
pub async fn every(test: &TestApp) -> Vec<Refusal> {
    let client = Client::tenant(test);
    let imports = "/api/v1/contacts/imports";
    let mut refusals = vec![
        ("an import of JSON", client.post(imports, serde_json::json!({})).await),
        (
            "an import of a spreadsheet",
            client.csv(imports, "PK\u{3}\u{4}xl/workbook.xml").await,
        ),
        ("the file of an old export", old_export(test, &client).await),
    ];
    for _ in 0..11 {
        client.csv(imports, "phone\n+4915123456701\n").await;
    }
    let import = client.csv(imports, "phone\n+4915123456701\n").await;
    refusals.push(("an import while ten wait", import));
    let path = "/api/v1/contacts/export?async=true";
    for _ in 0..10 {
        client.get(path).await;
    }
    refusals.push(("an export while ten are on their way", client.get(path).await));
    for _ in 0..10 {
        client
            .post("/api/v1/verifications", serde_json::json!({ "numbers": ["1"] }))
            .await;
    }
    let numbers = serde_json::json!({ "numbers": ["1"] });
    refusals.push((
        "an eleventh verification in an hour",
        client.post("/api/v1/verifications", numbers).await,
    ));
    refusals
}

async fn old_export(test: &TestApp, client: &Client) -> crate::support::http::Answer {
    let asked = client.get("/api/v1/contacts/export?async=true").await.json();
    let id: ExportId = asked["id"].as_str().unwrap().parse().unwrap();
    let (app, now) = (&test.app, test.app.clock.now());
    let until = now + TimeDelta::seconds(15);
    let leased = queue::claim(app.db.writer(), &EXPORTS, &[id.uuid()], until, now).await;
    assert_eq!(leased.unwrap().len(), 1);
    exports::run(&app.exports, id).await.unwrap();
    let shown = client.get(&format!("/api/v1/exports/{id}")).await.ok().json();
    let gone = "UPDATE tasks SET subject = NULL WHERE id = $1";
    app.db.sql(gone, (id,)).run().await.unwrap();
    client.get(shown["url"].as_str().unwrap()).await
}
