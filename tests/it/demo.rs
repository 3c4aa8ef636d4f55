//! The demo as a process.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{
    folder::Folder,
    process::{MAINSTAY, Process, command},
};

/// What a person waits for after Ctrl-C, with as much again for a machine that is busy.
const PROMPT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn ctrl_c_ends_it_soon_though_messages_wait_for_the_pair_limit() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = Folder::new("demo");
    let data = folder.path().join("data").display().to_string();
    let arguments = [
        "--json", "demo", "--rude", "--rate", "20", "--port", "0", "--data", &data,
    ];
    let mut demo = Process::spawn(command(MAINSTAY, &arguments, &[]));
    let line = demo.wait_for_line("\"api_key\"").await;
    let shown: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    let (api, key) = (text("api"), text("api_key"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let channels = http
        .get(format!("{api}/channels"))
        .bearer_auth(&key)
        .send()
        .await
        .unwrap();
    let channels: Value = channels.json().await.unwrap();
    // After the first 45 one leaves every six seconds, so the rest waits for minutes.
    let message = json!({
        "channel_id": channels["data"][0]["id"], "to": { "phone": "+4915123456789" }, "type": "template",
        "template": { "name": "hello_world", "language": { "code": "en_US" } },
    });
    let messages = vec![message; 100];
    let batch = http.post(format!("{api}/messages/batch")).bearer_auth(&key);
    let taken: Value = batch
        .json(&json!({ "messages": messages }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(taken["results"][99]["message"]["id"].is_string(), "{taken:#}");

    let asked = Instant::now();
    demo.send("INT");
    assert_eq!(demo.exit_code().await, Some(0), "{}", demo.output());
    assert!(asked.elapsed() < PROMPT, "{:?}: {}", asked.elapsed(), demo.output());
    let said = demo.output();
    let summary: Value = said
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok())
        .expect("a summary");
    assert!(
        summary["unsent"].as_u64().unwrap() >= 40,
        "they stay queued: {summary:#}"
    );
}
