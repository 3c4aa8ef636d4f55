//! A thousand campaigns that are due at one instant, on four workers.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::db::Db;
use serde_json::{Value, json};

use crate::support::{deployment::Deployment, wait::wait_until};

const TENANTS: usize = 20;
/// As many as a tenant may have under way.
const EACH: usize = 50;
const DEADLINE: Duration = Duration::from_secs(180);

async fn request(http: &reqwest::Client, url: String, key: &str, body: &Value) -> Value {
    let answer = http.post(url).bearer_auth(key).json(body).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap_or_default();
    assert!(status.is_success(), "{answer}");
    answer
}

/// A tenant with a channel, a template and a contact; and fifty drafts of campaigns to it.
async fn drafts(deployment: &Deployment, http: &reqwest::Client, db: &Db, n: usize) -> (String, Vec<String>) {
    const TEMPLATE: &str = "
        INSERT INTO templates (tenant_id, id, waba_id, meta_id, name, language, status, status_at, category, components, created_at,
            updated_at, synced_at)
        SELECT tenant_id, id, waba_id, external_id, 'hello', 'en_US', 'APPROVED', created_at, 'UTILITY',
            '[{\"type\":\"BODY\",\"text\":\"Hello\"}]', created_at, created_at, created_at
        FROM channels WHERE external_id = $1";
    const SYNCED: &str = "UPDATE template_syncs SET synced_at = requested_at WHERE synced_at IS NULL";
    let name = format!("Tenant {n}");
    deployment.operate(&["tenant", "create", &name]).await;
    let (number, waba) = (format!("2000000000{n:05}"), format!("3000000000{n:05}"));
    let numbers = ["--phone-number-id", number.as_str(), "--waba-id", waba.as_str()];
    let rest = ["--tenant", name.as_str(), "--access-token", "EAAG-test", "--no-check"];
    deployment
        .operate(&[&["channel", "add"], &numbers[..], &rest[..]].concat())
        .await;
    let key = deployment.operate(&["key", "create", "--tenant", &name]).await;
    let key = key["api_key"].as_str().expect("the key is shown once").to_owned();
    db.sql(TEMPLATE, (number,)).run().await.unwrap();
    db.sql(SYNCED, ()).run().await.unwrap();
    let contact = json!({ "phone": format!("+4915112{n:06}") });
    let contact = request(http, deployment.url("/api/v1/contacts"), &key, &contact).await;
    let channels: Value = http
        .get(deployment.url("/api/v1/channels"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let draft = json!({
        "name": "Noon", "audience": { "contacts": [contact["id"]] }, "channels": [channels["data"][0]["id"]],
        "template": { "name": "hello", "language": "en_US" },
    });
    // The API learns of a channel within a second.
    wait_until(DEADLINE, "the channel is known", async || {
        let url = deployment.url("/api/v1/campaigns");
        let made = http.post(url).bearer_auth(&key).json(&draft).send().await.unwrap();
        made.status().is_success()
    })
    .await;
    let mut ids = Vec::new();
    for _ in 0..EACH {
        let made = request(http, deployment.url("/api/v1/campaigns"), &key, &draft).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    (key, ids)
}

#[tokio::test]
#[ignore = "measures: takes a minute"]
async fn a_thousand_campaigns_start_once_each_at_their_time() {
    const STARTED: &str = "SELECT COUNT(*) FROM campaigns WHERE started_at IS NOT NULL";
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    for _ in 0..3 {
        deployment.start_worker().await;
    }
    let db = deployment.db().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut all = Vec::new();
    for n in 0..TENANTS {
        all.push(drafts(&deployment, &http, &db, n).await);
    }
    let at = Utc::now() + TimeDelta::seconds(40);
    for (key, ids) in &all {
        for id in ids {
            let url = deployment.url(&format!("/api/v1/campaigns/{id}/launch"));
            request(&http, url, key, &json!({ "starts_at": at })).await;
        }
    }
    assert!(Utc::now() < at, "the launches took too long");
    wait_until(DEADLINE, "all have started", async || {
        let (started,): (i64,) = db.sql(STARTED, ()).one().await.unwrap();
        started == (TENANTS * EACH) as i64
    })
    .await;
    let started: Vec<(DateTime<Utc>,)> = db
        .sql("SELECT started_at FROM campaigns WHERE started_at IS NOT NULL", ())
        .all()
        .await
        .unwrap();
    let mut late: Vec<i64> = started.iter().map(|(it,)| (*it - at).num_milliseconds()).collect();
    late.sort_unstable();
    assert!(late[0] >= 0, "none starts early");
    let events = "SELECT COUNT(*) FROM events WHERE type = 'campaign.started'";
    let (events,): (i64,) = db.sql(events, ()).one().await.unwrap();
    assert_eq!(events, (TENANTS * EACH) as i64, "each starts once");
    let (half, most) = (late[late.len() / 2], late[late.len() * 99 / 100]);
    eprintln!(
        "late by {half} ms (p50), {most} ms (p99), {} ms at most",
        late[late.len() - 1]
    );
    assert!(most <= 5_000, "p99 is {most} ms late");
    db.close().await;
}
