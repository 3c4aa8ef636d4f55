//! Verification of numbers: what a verdict rests on, how long it counts, and workers that are killed.

mod jobs;
mod processes;
mod verdicts;

use chrono::TimeDelta;
use mainstay::{
    app::App,
    domain::{Id, VerificationId},
    queue::{self, Outcome},
    verifications::{self, VERIFICATIONS},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{app::TestApp, http::Client};

const PATH: &str = "/api/v1/verifications";

/// Begins a verification, and returns its id.
async fn begin(client: &Client, request: Value) -> String {
    let answer = client.post(PATH, request).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn show(client: &Client, id: &str) -> Value {
    client.get(&format!("{PATH}/{id}")).await.ok().json()
}

async fn items(client: &Client, id: &str, query: &str) -> Vec<Value> {
    client.all(&format!("{PATH}/{id}/items?{query}")).await.0
}

/// Verifies numbers, and returns what is known of each.
async fn verified(test: &TestApp, request: Value) -> Vec<Value> {
    let client = Client::tenant(test);
    let id = begin(&client, request).await;
    work(&test.app).await;
    assert_eq!(show(&client, &id).await["state"], "completed");
    items(&client, &id, "limit=200").await
}

/// Works on verifications as a worker does until none is due.
async fn work(app: &App) {
    const DUE: &str =
        "SELECT id FROM tasks WHERE kind = 'verification' AND state = 'pending' AND due_at <= $1 ORDER BY id LIMIT 1";
    loop {
        let now = app.clock.now();
        let found: Option<(Uuid,)> = app.db.sql(DUE, (now,)).opt().await.unwrap();
        let Some((id,)) = found else { return };
        let until = now + TimeDelta::seconds(15);
        let leased = queue::claim(app.db.writer(), &VERIFICATIONS, &[id], until, now).await;
        assert_eq!(leased.unwrap().len(), 1, "it is due");
        match verifications::run(&app.verifications, VerificationId::from_uuid(id))
            .await
            .unwrap()
        {
            Outcome::Settled | Outcome::Rescheduled { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Returns so many mobile numbers of Germany.
fn numbers(count: usize) -> Value {
    json!((0..count).map(|n| format!("+49151{n:08}")).collect::<Vec<_>>())
}
