//! A polite server: answers what it was given for a path, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET /v25.0/…?…`
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

type Answers = Vec<(&'static str, StatusCode, Value)>;

#[derive(Clone, Default)]
struct Memory {
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub struct Stub {
    pub url: String,
    memory: Memory,
    serving: JoinHandle<()>,
}

impl Stub {
    /// An answer belongs to every request whose line begins as given, and holds what stands behind a `*`; the first that
    /// fits is taken.
    pub async fn start(answers: impl IntoIterator<Item = (&'static str, u16, Value)>) -> Self {
        let answers: Answers = answers
            .into_iter()
            .map(|(line, status, body)| (line, StatusCode::from_u16(status).unwrap(), body))
            .collect();
        let memory = Memory {
            answers: Arc::new(answers),
            ..Memory::default()
        };
        let router = Router::new().fallback(reply).with_state(memory.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, memory, serving }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.memory.asked.lock().unwrap().clone()
    }

    /// The one request there was.
    pub fn only(&self) -> Asked {
        let [asked] = <[Asked; 1]>::try_from(self.asked()).unwrap_or_else(|asked| panic!("{asked:?}"));
        asked
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn bearer(&self) -> &str {
        self.headers["authorization"]
            .to_str()
            .unwrap()
            .strip_prefix("Bearer ")
            .unwrap()
    }
}

async fn reply(
    State(memory): State<Memory>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let line = format!("{method} {uri}");
    let answer = memory.answers.iter().find(|(pattern, ..)| {
        let (begins, holds) = pattern.split_once('*').unwrap_or((pattern, ""));
        line.starts_with(begins) && line.contains(holds)
    });
    let (_, status, value) = answer.unwrap_or_else(|| panic!("no answer for {line}"));
    memory.asked.lock().unwrap().push(Asked { line, headers, body });
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    Response::builder().status(status).body(Body::from(text)).unwrap()
}
