//! What requests take of a process's memory, measured from outside.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use crate::support::deployment::Deployment;

pub const DEADLINE: Duration = Duration::from_secs(120);
const MIB: usize = 1024 * 1024;
/// The budget that processes have unless told otherwise, and what the allocator and the database add.
const MOST_MEGABYTES: u64 = 256 + 100;

/// The most memory a process had so far, in megabytes. Linux estimates it from counters per processor, so a later reading
/// may be a little lower than an earlier one.
pub fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.expect("Linux says what it was") / 1_024
}

/// An installation that runs, and a tenant's client.
pub struct Server {
    pub deployment: Deployment,
    http: reqwest::Client,
    key: String,
    channel: String,
}

impl Server {
    pub async fn embedded() -> Self {
        Self::of(Deployment::embedded().await).await
    }

    pub async fn distributed() -> Self {
        Self::of(Deployment::distributed().await).await
    }

    async fn of(mut deployment: Deployment) -> Self {
        deployment.start().await;
        let key = deployment.operate(&["key", "create", "--tenant", "Acme"]).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            key: key["api_key"].as_str().expect("the key is shown once").to_owned(),
            channel: String::new(),
            deployment,
        };
        let url = server.deployment.url("/api/v1/channels");
        let channels = server.http.get(url).bearer_auth(&server.key).send().await.unwrap();
        let channels: Value = channels.json().await.unwrap();
        channels["data"][0]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut server.channel);
        server
    }

    /// The process that makes smaller pictures.
    pub fn worker_id(&mut self) -> u32 {
        match self.deployment.is_embedded() {
            true => self.deployment.api_id(),
            false => self.deployment.worker_id(),
        }
    }

    /// Status and body; none where the connection was closed before everything was sent.
    async fn post(&self, path: &str, body: bytes::Bytes) -> Option<(u16, String)> {
        let request = self.http.post(self.deployment.url(path)).bearer_auth(&self.key);
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    pub async fn upload(&self, mime_type: &str, bytes: &[u8]) {
        let body = json!({ "base64": BASE64_STANDARD.encode(bytes), "mime_type": mime_type }).to_string();
        let (status, text) = self.post("/api/v1/media/import", body.into()).await.expect("an answer");
        assert_eq!(status, 201, "{text}");
    }

    fn message(&self, payload: &str) -> String {
        format!(
            "{{\"channel_id\":\"{}\",\"to\":{{\"phone\":\"+4915123456789\"}},\"if_window_closed\":\"queue\",{payload}}}",
            self.channel
        )
    }
}

/// A list of objects as small as they can be.
fn small_objects(length: usize) -> String {
    format!("[{}0]", "{\"a\":0},".repeat(length / 8))
}

fn batch(messages: &[String]) -> String {
    format!("{{\"messages\":[{}]}}", messages.join(","))
}

#[both_sizes]
async fn what_requests_take_is_bounded_by_the_budget(mut server: Server) {
    let process = server.deployment.api_id();
    let idle = peak(process);
    let template = |length| {
        format!(
            "\"type\":\"template\",\"template\":{{\"name\":\"a\",\"language\":{{\"code\":\"de\"}},\"components\":[{{\"type\":\"body\",\"x\":{}}}]}}",
            small_objects(length)
        )
    };
    let text = |length| {
        format!(
            "\"type\":\"text\",\"text\":{{\"body\":\"x\",\"y\":{}}}",
            small_objects(length)
        )
    };
    let long = format!(
        "\"type\":\"text\",\"text\":{{\"body\":\"{}\"}}",
        "\u{1f600}".repeat(4_096)
    );
    let pdf = json!({ "base64": BASE64_STANDARD.encode([b"%PDF-1.7\n".as_slice(), &vec![7; 17 * MIB]].concat()),
        "mime_type": "application/pdf" })
    .to_string();
    for (what, path, count, body) in [
        (
            "two million objects as messages",
            "/api/v1/messages/batch",
            1,
            format!("{{\"messages\":{}}}", small_objects(16 * MIB - 100)),
        ),
        (
            "a thousand texts with small objects",
            "/api/v1/messages/batch",
            1,
            batch(&vec![server.message(&text(16_000)); 1_000]),
        ),
        (
            "three hundred templates with small objects",
            "/api/v1/messages/batch",
            1,
            batch(&vec![server.message(&template(16_000)); 300]),
        ),
        (
            "a thousand of the longest texts",
            "/api/v1/messages/batch",
            1,
            batch(&vec![server.message(&long); 1_000]),
        ),
        (
            "forty single messages of small objects",
            "/api/v1/messages",
            40,
            server.message(&text(MIB - 1_000)),
        ),
        (
            "forty single messages within the limit",
            "/api/v1/messages",
            40,
            server.message(&text(38_000)),
        ),
        ("sixteen files in base64", "/api/v1/media/import", 16, pdf),
    ] {
        let body = bytes::Bytes::from(body);
        let answers = futures::future::join_all((0..count).map(|_| server.post(path, body.clone()))).await;
        let took = peak(process).saturating_sub(idle);
        eprintln!(
            "{what}: {took} MB; {:?}",
            answers.iter().map(|it| it.as_ref().map(|it| it.0)).collect::<Vec<_>>()
        );
        assert!(took < MOST_MEGABYTES, "{what}: {took} MB");
        assert!(
            answers
                .iter()
                .flatten()
                .all(|it| [200, 201, 202, 422, 503].contains(&it.0)),
            "{what}: {answers:?}"
        );
    }
    server.deployment.assert_running();
}
