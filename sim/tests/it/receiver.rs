//! A small receiver on this machine.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use mainstay_sim::{Manners, RedeliveryPolicy, SimConfig, sign};
use tokio::net::TcpListener;

use crate::bodies::{changes_owned, read};

pub const SECRET: &str = "s3cret";

/// A receiver that checks signatures, refuses the first few posts of each body, and keeps what it answered 200.
#[derive(Clone, Default)]
pub struct Receiver {
    pub refusals: usize,
    pub seen: Arc<Mutex<Vec<Bytes>>>,
    pub kept: Arc<Mutex<Vec<Bytes>>>,
}

impl Receiver {
    pub async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", get(shake).post(receive)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    /// The fields of what was answered 200.
    pub fn fields(&self) -> BTreeSet<String> {
        let kept = self.kept.lock().unwrap();
        let bodies = kept.iter().map(|body| serde_json::from_slice(body).unwrap());
        bodies
            .flat_map(|body| changes_owned(&body))
            .map(|(field, _)| field)
            .collect()
    }

    /// The messages and statuses in what was answered 200, as text.
    pub fn received(&self) -> BTreeSet<String> {
        let kept = self.kept.lock().unwrap();
        let bodies = kept.iter().filter_map(|body| serde_json::from_slice(body).ok());
        bodies.flat_map(|body| read(&body)).collect()
    }
}

async fn shake(Query(query): Query<Vec<(String, String)>>) -> (StatusCode, String) {
    let value = |key: &str| {
        query
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    match value("hub.mode") == "subscribe" && value("hub.verify_token") == "token" {
        true => (StatusCode::OK, value("hub.challenge")),
        false => (StatusCode::FORBIDDEN, String::new()),
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers
        .get("x-hub-signature-256")
        .is_none_or(|value| *value != sign(SECRET, &body))
    {
        return StatusCode::UNAUTHORIZED;
    }
    let mut seen = receiver.seen.lock().unwrap();
    let before = seen.iter().filter(|earlier| **earlier == body).count();
    seen.push(body.clone());
    if before < receiver.refusals {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    receiver.kept.lock().unwrap().push(body);
    StatusCode::OK
}

pub fn config(callback_url: String, manners: Manners) -> SimConfig {
    SimConfig {
        callback_url,
        app_secret: SECRET.to_owned(),
        verify_token: "token".to_owned(),
        redelivery: RedeliveryPolicy::fast(),
        manners,
        ..SimConfig::default()
    }
}

/// Waits for a condition, with a deadline.
pub async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("the condition never came true");
}
