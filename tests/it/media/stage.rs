//! A tenant whose media are with a Meta of the test's own, and workers that run while the test says so.

use std::{path::PathBuf, time::Duration};

use mainstay::{
    app::App,
    domain::{ChannelId, MediaId},
    jobs,
    meta::graph,
    queue::Workers,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::meta::Meta;
use crate::support::{
    app::{NUMBER, TestApp},
    http::{Answer, Client},
    wait::wait_until,
    webhook::{ANA, T0, change, message},
};

pub const DEADLINE: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(10);

/// The smallest PNG there is: one pixel.
#[rustfmt::skip]
pub const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00,
    0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x64, 0xf8, 0xcf, 0x50, 0x0f, 0x00, 0x03, 0x86, 0x01, 0x80,
    0x5a, 0x34, 0x7d, 0x6b, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A document of so many bytes.
pub fn pdf(length: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((bytes.len()..length).map(|n| (n % 251) as u8));
    bytes
}

/// The application, calling this Meta.
pub fn calling(test: &TestApp, meta: &Meta) -> App {
    test.rebuilt(|parts| {
        parts.graph = graph::GraphClient::new(&meta.url, "v25.0", CALL).unwrap();
        parts.config.egress.plain_http = true;
        parts.config.egress.networks = vec!["127.0.0.0/8".parse().unwrap()];
        parts.egress = mainstay::egress::EgressClient::new(parts.config.egress.clone()).unwrap();
    })
}

/// Runs the workers until the condition holds.
pub async fn work_until(app: &App, what: &str, holds: impl AsyncFnMut() -> bool) {
    let shutdown = CancellationToken::new();
    let workers = Workers::new(app.clone(), app.db.clone(), app.queues.clone(), app.clock.clone());
    let working = tokio::spawn(jobs::register(workers, app).run(shutdown.clone()));
    wait_until(DEADLINE, what, holds).await;
    shutdown.cancel();
    working.await.unwrap().unwrap();
}

/// Runs the workers until every media is fetched or given up, and every variant made.
pub async fn work(app: &App) {
    const OPEN: &str = "
        SELECT (SELECT COUNT(*) FROM raw_events WHERE state IN ('pending', 'running'))
            + (SELECT COUNT(*) FROM media WHERE state IN ('pending', 'running'))
            + (SELECT COUNT(*) FROM media_files WHERE state IN ('pending', 'running'))";
    work_until(app, "nothing is left to be done", async || number(app, OPEN).await == 0).await;
}

pub async fn number(app: &App, sql: &'static str) -> i64 {
    let (number,): (i64,) = app.db.reader().sql(sql, ()).one().await.unwrap();
    number
}

/// A message of Ana's with a file.
pub fn file_message(wamid: &str, kind: &str, file: Value) -> Value {
    change("messages", message(ANA, wamid, T0, json!({ "type": kind, kind: file })))
}

/// The id of the media of a message.
pub async fn media_of(app: &App, wamid: &'static str) -> MediaId {
    let sql = "SELECT media_id FROM messages WHERE wamid = $1";
    let found: (Option<MediaId>,) = app.db.reader().sql(sql, (wamid.to_owned(),)).one().await.unwrap();
    found.0.expect("the message has media")
}

pub async fn show(client: &Client, id: MediaId) -> Value {
    client.get(&format!("/api/v1/media/{id}")).await.ok().json()
}

pub async fn bytes(client: &Client, id: MediaId) -> Answer {
    client.get(&format!("/api/v1/media/{id}/content")).await
}

/// Uploads bytes as JSON and answers the id.
pub async fn upload(client: &Client, mime_type: &str, filename: &str, bytes: &[u8]) -> MediaId {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let body = json!({ "base64": BASE64_STANDARD.encode(bytes), "mime_type": mime_type, "filename": filename });
    let answer = client.post("/api/v1/media/import", body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

/// Events of a type, the first first.
pub async fn events(client: &Client, kind: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/api/v1/events?after=0&type={kind}"))
        .await
        .ok()
        .json();
    page["data"].as_array().unwrap().clone()
}

/// The files in the store.
pub fn stored(app: &App) -> Vec<PathBuf> {
    fn walk(folder: PathBuf, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(path, found)
            } else {
                found.push(path)
            }
        }
    }
    let mainstay::config::StorageConfig::Folder(folder) = &app.config.storage else {
        panic!("a folder")
    };
    let mut found = Vec::new();
    walk(folder.clone(), &mut found);
    found
}

/// The channel every test has.
pub fn channel(app: &App) -> ChannelId {
    app.directory
        .current()
        .number(NUMBER)
        .expect("the test's channel")
        .channel
}
