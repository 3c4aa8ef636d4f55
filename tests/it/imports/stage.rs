//! Files to import, and a worker that imports them when a test says so.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use mainstay::{
    app::App,
    contacts::import::{self, IMPORTS},
    domain::{Id, ImportId},
    queue::{self, Outcome},
};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{app::TestApp, http::Client, wait::wait_until};

/// Within this time the last statement of a killed worker has ended.
const UNLOCKED: Duration = Duration::from_secs(30);

/// Uploads a file, and returns its import.
pub async fn upload(test: &TestApp, query: &str, csv: impl Into<axum::body::Body>) -> Value {
    let answer = Client::tenant(test)
        .csv(&format!("/api/v1/contacts/imports?{query}"), csv)
        .await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    answer.json()
}

/// Uploads a file, imports it, and returns what came of it.
pub async fn imported(test: &TestApp, query: &str, csv: impl Into<axum::body::Body>) -> Value {
    let id = upload(test, query, csv).await["id"].as_str().unwrap().to_owned();
    work(&test.app).await;
    show(test, &id).await
}

pub async fn show(test: &TestApp, id: &str) -> Value {
    let path = format!("/api/v1/contacts/imports/{id}");
    Client::tenant(test).get(&path).await.ok().json()
}

/// Works on imports as a worker does until none is due.
pub async fn work(app: &App) {
    while let Some(id) = due(app).await {
        claim(app, id).await;
        match import::run(&app.imports, ImportId::from_uuid(id)).await.unwrap() {
            Outcome::Settled | Outcome::Rescheduled { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Returns the oldest import that is due.
pub async fn due(app: &App) -> Option<Uuid> {
    const SQL: &str =
        "SELECT id FROM tasks WHERE kind = 'import' AND state = 'pending' AND due_at <= $1 ORDER BY id LIMIT 1";
    let found: Option<(Uuid,)> = app.db.sql(SQL, (app.clock.now(),)).opt().await.unwrap();
    found.map(|(id,)| id)
}

/// Leases an import that is due, as a worker does before it runs.
pub async fn claim(app: &App, id: Uuid) {
    assert!(lease(app, id).await, "it is due");
}

/// Leases an import whose worker was killed, and returns whether it was still due. On PostgreSQL a statement of the killed one may be on its
/// way still, and keep the row locked, or end the import, after its lease was returned.
pub async fn claim_after_kill(app: &App, id: Uuid) -> bool {
    let mut leased = false;
    wait_until(UNLOCKED, "the import is leased or has ended", async || {
        leased = lease(app, id).await;
        leased || due(app).await.is_none()
    })
    .await;
    leased
}

async fn lease(app: &App, id: Uuid) -> bool {
    let now = app.clock.now();
    let until = now + TimeDelta::seconds(15);
    let leases = queue::claim(app.db.writer(), &IMPORTS, &[id], until, now).await;
    !leases.unwrap().is_empty()
}

/// Returns the lease of an import whose worker is gone to the queue, as the sweep does when it has expired.
pub async fn rescue(app: &App, id: Uuid) {
    const SQL: &str = "UPDATE tasks SET state = 'pending', due_at = $2 WHERE id = $1 AND state = 'running'";
    app.db.sql(SQL, (id, app.clock.now())).run().await.unwrap();
}

/// Reads the errors of an import: rows of cells, without the header.
pub async fn errors(test: &TestApp, id: &str) -> Vec<Vec<String>> {
    let path = format!("/api/v1/contacts/imports/{id}/errors.csv");
    let text = Client::tenant(test).get(&path).await.ok().text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row,code,column,value"));
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    lines.map(cells).collect()
}

/// Creates a custom field.
pub async fn field(test: &TestApp, field: Value) {
    let made = Client::tenant(test).post("/api/v1/contact-fields", field).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
}

/// Counts of an import by name.
pub fn counts(import: &Value) -> [i64; 6] {
    ["rows", "created", "updated", "unchanged", "skipped", "failed"].map(|name| import[name].as_i64().unwrap())
}

/// Everything that an import may write of contacts, by phone number and without ids and times.
pub async fn people(test: &TestApp) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let client = Client::tenant(test);
    for contact in client.all("/api/v1/contacts?limit=200").await.0 {
        let id = contact["id"].as_str().unwrap().to_owned();
        let phone = contact["phone"].as_str().unwrap_or(&id).to_owned();
        let mut shown = serde_json::Map::new();
        for member in [
            "given_name",
            "external_id",
            "language",
            "country",
            "time_zone",
            "fields",
            "source",
            "version",
            "tags",
            "lists",
        ] {
            shown.insert(member.to_owned(), contact[member].clone());
        }
        found.insert(phone, Value::Object(shown));
    }
    found
}
