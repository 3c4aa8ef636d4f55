//! The Graph API, called the way a business calls it.

mod archives;
mod buttons;
mod control;
mod faults;
mod form;
mod limits;
mod management;
mod media;
mod overrides;
mod people;
mod prices;
mod qr_codes;
mod sends;
mod speed;
mod statuses;
mod templates;
mod tokens;

use std::fmt::Display;

use axum::http::StatusCode;
use mainstay_sim::{Customer, GraphConfig, Manners, SimConfig, Simulator, StatusPolicy};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::receiver::{Receiver, config, until};

/// A simulator that is served, and a receiver that believes it.
pub struct World {
    pub simulator: Simulator,
    pub receiver: Receiver,
    pub url: String,
    pub client: Client,
    served: AbortHandle,
}

impl Drop for World {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl World {
    /// Everything is enforced, and statuses come at once.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SimConfig)) -> Self {
        let receiver = Receiver::default();
        let mut config = config(receiver.clone().start().await, Manners::polite());
        config.graph.statuses = StatusPolicy {
            sent_ms: 1,
            delivered_ms: 5,
            read_ms: 10,
            played_ms: 15,
            late_ms: 300,
            held_ms: 20,
            ..StatusPolicy::default()
        };
        change(&mut config);
        let simulator = Simulator::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        let served = tokio::spawn(async move { served.serve(listener).await }).abort_handle();
        Self {
            simulator,
            receiver,
            url,
            client: Client::builder().no_proxy().build().unwrap(),
            served,
        }
    }

    pub fn number(&self) -> &str {
        &self.simulator.config().phone_number_id
    }

    pub fn waba(&self) -> &str {
        &self.simulator.config().waba_id
    }

    pub fn customer(&self, place: usize) -> Customer {
        self.simulator.customers()[place].clone()
    }

    /// A call with the token that opens everything.
    pub async fn call(&self, method: Method, path: impl Display, body: Option<&Value>) -> (StatusCode, Value) {
        read(self.ask(method, path, body).await.expect("an answer")).await
    }

    pub async fn ask(&self, method: Method, path: impl Display, body: Option<&Value>) -> reqwest::Result<Response> {
        let mut request = self
            .client
            .request(method, format!("{}/v25.0/{path}", self.url))
            .bearer_auth(GraphConfig::default().access_token);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    pub async fn get(&self, path: impl Display) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: impl Display, body: &Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Posts the body of a message from the configured number.
    pub async fn send(&self, body: &Value) -> (StatusCode, Value) {
        self.post(format_args!("{}/messages", self.number()), body).await
    }

    /// Sends something that must be accepted; its wamid.
    pub async fn accepted(&self, body: &Value) -> String {
        let (status, answer) = self.send(body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Sends something that must be refused; the code.
    pub async fn refused(&self, body: &Value) -> i64 {
        let (status, answer) = self.send(body).await;
        assert_ne!(status, StatusCode::OK, "{answer}");
        code(&answer)
    }

    /// Lets the customer of that place write, and waits until the receiver knows.
    pub async fn write(&self, place: usize) -> String {
        let webhook = self.simulator.write(place, mainstay_sim::Shape::Text, None).unwrap();
        self.simulator.deliver(webhook).await;
        self.simulator.ledger().messages.last().unwrap().item.wamid.clone()
    }

    /// Waits until nothing is left to tell, then returns every status told, in order of arrival.
    pub async fn statuses(&self) -> Vec<Value> {
        until(|| self.simulator.graph().untold() == 0).await;
        self.told("statuses")
    }

    /// The elements of an array in the values of all webhooks received, in order of arrival.
    pub fn told(&self, key: &str) -> Vec<Value> {
        let values = self.values();
        let arrays = values.iter().filter_map(|(_, value)| value[key].as_array());
        arrays.flatten().cloned().collect()
    }

    /// The values of a field, once one has arrived and nothing is left to tell.
    pub async fn news(&self, field: &str) -> Vec<Value> {
        until(|| self.simulator.graph().untold() == 0).await;
        let values = self.values().into_iter().filter(|(known, _)| known == field);
        values.map(|(_, value)| value).collect()
    }

    fn values(&self) -> Vec<(String, Value)> {
        let kept = self.receiver.kept.lock().unwrap();
        let bodies = kept.iter().map(|body| serde_json::from_slice::<Value>(body).unwrap());
        let changes = bodies.flat_map(|body| crate::bodies::changes_owned(&body));
        changes.collect()
    }
}

pub async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// The code of an error in Meta's form.
pub fn code(answer: &Value) -> i64 {
    let error = &answer["error"];
    assert!(error["message"].is_string() && error["type"].is_string(), "{answer}");
    error["code"].as_i64().unwrap()
}

pub fn details(answer: &Value) -> &str {
    answer["error"]["error_data"]["details"].as_str().unwrap_or_default()
}

pub fn text(to: &str, words: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": words},
    })
}

/// A message of any type to somebody.
pub fn message(kind: &str, payload: Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": "+49 151 23456789", "type": kind, kind: payload})
}

pub fn template(to: &str, name: &str, language: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|text| json!({"type": "text", "text": text}))
        .collect();
    json!({
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": language},
            "components": [{"type": "body", "parameters": parameters}],
        },
    })
}
