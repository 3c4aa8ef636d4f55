//! Outgoing webhooks as others see them: the routes, and the programs that receive.

mod backlog;
mod deliveries;
mod page;
mod real;
mod refusals;
mod replays;
mod routes;
mod signatures;

use mainstay::{
    domain::{Ctx, Scopes},
    tenancy,
};
use serde_json::{Value, json};

use crate::support::{app::TestApp, http::Client};

const URI: &str = "/api/v1/endpoints";

/// An endpoint with the least that has to be said, and whatever else is in `with`.
fn body(with: Value) -> Value {
    let mut body = json!({ "url": "https://example.com/webhooks", "event_types": ["*"] });
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    body
}

async fn add(client: &Client, with: Value) -> Value {
    let answer = client.post(URI, body(with)).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()
}

fn uri(of: &Value) -> String {
    format!("{URI}/{}", of["id"].as_str().expect("an id"))
}

/// A client with a key of these scopes.
async fn with_scopes(test: &TestApp, scopes: &str) -> Client {
    let scopes: Scopes = scopes.parse().unwrap();
    let key = tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "a program", &scopes)
        .await
        .unwrap();
    Client::of(&test.app).with(key.token.expose())
}

async fn another_tenant(test: &TestApp) -> Client {
    let (_, key) = tenancy::create_tenant(&test.registry, "Books").await.unwrap();
    Client::of(&test.app).with(key.token.expose())
}
