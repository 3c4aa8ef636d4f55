//! Requests about campaigns that are refused.

use serde_json::json;

use super::refusals::Refusal;
use crate::support::{app::TestApp, http::Client};

/// Asks for all of them.
pub async fn every(test: &TestApp) -> Vec<Refusal> {
    let client = Client::tenant(test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let draft = json!({
        "name": "Tables", "audience": { "rows": true }, "channels": [channels["data"][0]["id"]],
        "message": { "type": "text", "text": { "body": "Your table is ready." } },
    });
    let made = client.post("/api/v1/campaigns", draft).await.created().json();
    let path = format!("/api/v1/campaigns/{}", made["id"].as_str().unwrap());
    let launch = format!("{path}/launch");
    let rows = client
        .csv(&format!("{path}/rows"), "phone\n+4915123450009\n")
        .await
        .json();
    let pending = client.post(&launch, json!({})).await;
    let import = format!("/api/v1/contacts/imports/{}", rows["id"].as_str().unwrap());
    client.delete(&import).await;
    client
        .patch(&path, json!({ "audience": { "filter": "country = \"DE\"" } }))
        .await
        .ok();
    let stale = client.post(&launch, json!({ "preflight": "0123" })).await;
    vec![
        ("a campaign is launched while its rows are imported", pending),
        ("a campaign is launched with a preflight that is not its last", stale),
    ]
}
