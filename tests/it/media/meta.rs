//! Meta's side of media: tells where a file is, hands it out to whoever shows the token, and takes files.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Multipart, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

const BEARER: &str = "Bearer EAAG-test";

/// A file, and how Meta speaks of it.
#[derive(Clone)]
pub struct MetaFile {
    pub bytes: Vec<u8>,
    pub mime_type: &'static str,
    pub sha256: Option<String>,
    pub size: Value,
    pub manner: Manner,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Good,
    /// The connection ends in the middle of the bytes.
    BreaksOff,
    /// The address it names is expired already.
    Expired,
    /// The bytes stop half way until [`Meta::release`].
    Stops,
}

#[derive(Default)]
struct Memory {
    url: String,
    files: HashMap<String, MetaFile>,
    /// Code of the error that every call is answered with.
    refusal: Option<i64>,
    /// Uploads wait for [`Meta::release`].
    slow: bool,
    told: Vec<String>,
    uploads: Vec<Uploaded>,
}

#[derive(Clone, Debug)]
pub struct Uploaded {
    pub number: String,
    pub mime_type: String,
    pub filename: String,
    pub bytes: Vec<u8>,
}

#[derive(Clone)]
struct Shared {
    memory: Arc<Mutex<Memory>>,
    gate: Arc<Notify>,
}

pub struct Meta {
    pub url: String,
    shared: Shared,
    serving: JoinHandle<()>,
}

impl Meta {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let memory = Memory {
            url: url.clone(),
            ..Memory::default()
        };
        let shared = Shared {
            memory: Arc::new(Mutex::new(memory)),
            gate: Arc::default(),
        };
        let router = Router::new()
            .route("/v25.0/{id}", get(tell))
            .route("/v25.0/{number}/media", post(take))
            .route("/bytes/{id}", get(give))
            .layer(DefaultBodyLimit::disable())
            .with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    /// Puts a file there under an id, with all that Meta says of it.
    pub fn hold(&self, id: &str, mime_type: &'static str, bytes: &[u8]) {
        self.hold_as(id, MetaFile::of(mime_type, bytes));
    }

    pub fn hold_as(&self, id: &str, file: MetaFile) {
        self.memory().files.insert(id.to_owned(), file);
    }

    pub fn refuse(&self, code: Option<i64>) {
        self.memory().refusal = code;
    }

    /// From now on uploads are not answered before [`Meta::release`].
    pub fn be_slow(&self) {
        self.memory().slow = true;
    }

    pub fn release(&self) {
        self.memory().slow = false;
        self.shared.gate.notify_waiters();
    }

    /// The ids that were asked about, each time.
    pub fn told(&self) -> Vec<String> {
        self.memory().told.clone()
    }

    pub fn uploads(&self) -> Vec<Uploaded> {
        self.memory().uploads.clone()
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.shared.memory.lock().unwrap()
    }
}

impl Drop for Meta {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MetaFile {
    pub fn of(mime_type: &'static str, bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            mime_type,
            sha256: Some(hex::encode(Sha256::digest(bytes))),
            size: json!(bytes.len()),
            manner: Manner::Good,
        }
    }
}

/// As most webhooks spell it.
pub fn base64_digest(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(bytes))
}

fn error(status: StatusCode, code: i64) -> Response {
    let body = json!({ "error": { "message": format!("(#{code}) no"), "code": code, "type": "OAuthException" } });
    (status, Json(body)).into_response()
}

fn is_bearer(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| value == BEARER)
}

async fn tell(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut memory = shared.memory.lock().unwrap();
    memory.told.push(id.clone());
    if !is_bearer(&headers) {
        return error(StatusCode::UNAUTHORIZED, 190);
    }
    if let Some(code) = memory.refusal {
        return error(StatusCode::BAD_REQUEST, code);
    }
    let Some(file) = memory.files.get(&id) else {
        return error(StatusCode::BAD_REQUEST, 100);
    };
    let url = format!("{}/bytes/{id}", memory.url);
    Json(
        json!({ "messaging_product": "whatsapp", "url": url, "mime_type": file.mime_type, "sha256": file.sha256,
        "file_size": file.size, "id": id }),
    )
    .into_response()
}

async fn give(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !is_bearer(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(file) = shared.memory.lock().unwrap().files.get(&id).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let half = file.bytes.len() / 2;
    let piece = |bytes: &[u8]| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(bytes));
    let body = match file.manner {
        Manner::Expired => return StatusCode::NOT_FOUND.into_response(),
        Manner::Good => Body::from(file.bytes.clone()),
        Manner::BreaksOff => {
            let end = Err(std::io::Error::other("the connection is lost"));
            Body::from_stream(futures::stream::iter([piece(&file.bytes[..half]), end]))
        }
        Manner::Stops => {
            let (first, second) = (piece(&file.bytes[..half]), piece(&file.bytes[half..]));
            let waited = async move {
                shared.gate.notified().await;
                second
            };
            use futures::StreamExt;
            Body::from_stream(futures::stream::iter([first]).chain(futures::stream::once(waited)))
        }
    };
    Response::builder()
        .header("content-type", file.mime_type)
        .body(body)
        .unwrap()
}

async fn take(
    State(shared): State<Shared>,
    Path(number): Path<String>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let mut uploaded = Uploaded {
        number,
        mime_type: String::new(),
        filename: String::new(),
        bytes: Vec::new(),
    };
    while let Some(field) = form.next_field().await.unwrap() {
        match field.name().unwrap() {
            "type" => uploaded.mime_type = field.text().await.unwrap(),
            "file" => {
                uploaded.filename = field.file_name().unwrap().to_owned();
                uploaded.bytes = field.bytes().await.unwrap().to_vec();
            }
            _ => assert_eq!(field.text().await.unwrap(), "whatsapp"),
        }
    }
    let (slow, refusal, id) = {
        let mut memory = shared.memory.lock().unwrap();
        memory.uploads.push(uploaded);
        (memory.slow, memory.refusal, memory.uploads.len())
    };
    if slow {
        shared.gate.notified().await;
    }
    if !is_bearer(&headers) {
        return error(StatusCode::UNAUTHORIZED, 190);
    }
    match refusal {
        Some(code) => error(StatusCode::BAD_REQUEST, code),
        None => Json(json!({ "id": format!("meta-{id}") })).into_response(),
    }
}
