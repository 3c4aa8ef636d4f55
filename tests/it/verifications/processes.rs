//! Verifications by processes that are killed with -9.

use std::time::Duration;

use mainstay::db::Db;
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::numbers;
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(300);
const COUNT: usize = 10_000;

async fn one(db: &Db, sql: &'static str) -> i64 {
    let (number,): (i64,) = db.sql(sql, ()).one().await.unwrap();
    number
}

async fn kill(deployment: &mut Deployment) {
    if deployment.is_embedded() {
        deployment.kill_api().await;
        deployment.start_api().await;
    } else {
        deployment.kill_worker().await;
        deployment.start_worker().await;
    }
}

#[both_sizes]
async fn ten_thousand_numbers_are_each_checked_once_whoever_is_killed(mut deployment: Deployment) {
    deployment.start().await;
    let key = deployment.operate(&["key", "create", "--tenant", "Acme"]).await;
    let key = key["api_key"].as_str().unwrap().to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = deployment.url("/api/v1/verifications");
    let body = json!({ "numbers": numbers(COUNT) });
    let begun = http.post(url).bearer_auth(&key).json(&body).send().await.unwrap();
    assert_eq!(begun.status().as_u16(), 202);
    let id = begun.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let db = deployment.db().await;
    let mut interrupted = 0;
    for least in [1, 2_000, 4_000] {
        wait_until(DEADLINE, "numbers are checked", async || {
            one(&db, "SELECT MAX(position) FROM tasks WHERE kind = 'verification'").await >= least
        })
        .await;
        kill(&mut deployment).await;
        interrupted += one(
            &db,
            "SELECT COUNT(*) FROM tasks WHERE kind = 'verification' AND state = 'running'",
        )
        .await;
    }
    wait_until(DEADLINE, "the verification is done", async || {
        one(
            &db,
            "SELECT COUNT(*) FROM tasks WHERE kind = 'verification' AND state = 'done'",
        )
        .await
            == 1
    })
    .await;
    println!("{interrupted} of 3 kills came in the middle of it");
    let checked = "SELECT COUNT(*) FROM verification_items WHERE verdict IS NOT NULL AND checked_at IS NOT NULL";
    assert_eq!(one(&db, checked).await, COUNT as i64, "each is checked");
    assert_eq!(one(&db, "SELECT COUNT(*) FROM verification_items").await, COUNT as i64);
    let without = "SELECT COUNT(*) FROM verification_items WHERE tier = 2 AND evidence_at IS NULL";
    assert_eq!(one(&db, without).await, 0, "no tier 2 without evidence");
    let url = deployment.url(&format!("/api/v1/verifications/{id}"));
    let shown: Value = http
        .get(url)
        .bearer_auth(&key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let count = |name: &str| shown[name].as_u64().unwrap() as usize;
    assert_eq!((count("numbers"), count("checked")), (COUNT, COUNT), "{shown}");
    let told = "SELECT COUNT(*) FROM events WHERE type = 'verification.completed'";
    assert_eq!(one(&db, told).await, 1);
}
