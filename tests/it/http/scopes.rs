//! What each route under `/api/v1` asks of a key.

use std::collections::BTreeSet;

use mainstay::{domain::Scopes, tenancy};
use serde_json::json;

use crate::support::{
    app::TestApp,
    http::{Answer, Client},
};

/// Method, path, and the scopes that are needed, all of them.
const ROUTES: &[(&str, &str, &str)] = &[
    ("get", "/api/v1/channels", "read"),
    ("get", "/api/v1/channels/{id}", "read"),
    ("post", "/api/v1/channels/{id}/check", "write"),
    ("post", "/api/v1/channels/{id}/campaigns/resume", "write"),
    ("get", "/api/v1/channels/{id}/blocks", "read"),
    ("post", "/api/v1/channels/{id}/blocks", "write"),
    ("delete", "/api/v1/channels/{id}/blocks", "write"),
    ("get", "/api/v1/contacts", "read"),
    ("get", "/api/v1/contacts/{id}", "read"),
    ("get", "/api/v1/conversations", "read"),
    ("get", "/api/v1/conversations/{id}", "read"),
    ("get", "/api/v1/conversations/{id}/messages", "read"),
    ("get", "/api/v1/messages", "read"),
    ("post", "/api/v1/messages", "write"),
    ("post", "/api/v1/messages/batch", "write"),
    ("post", "/api/v1/messages/cancel", "write"),
    ("get", "/api/v1/messages/{id}", "read"),
    ("post", "/api/v1/messages/{id}/cancel", "write"),
    ("post", "/api/v1/messages/{id}/resolve", "write"),
    ("post", "/api/v1/messages/{id}/read", "write"),
    ("get", "/api/v1/templates", "read"),
    ("post", "/api/v1/templates", "write"),
    ("post", "/api/v1/templates/sync", "write"),
    ("get", "/api/v1/templates/{id}", "read"),
    ("patch", "/api/v1/templates/{id}", "write"),
    ("delete", "/api/v1/templates/{id}", "write"),
    ("post", "/api/v1/templates/{id}/preview", "read"),
    ("post", "/api/v1/templates/{id}/unpause", "write"),
    ("get", "/api/v1/message-templates", "read"),
    ("post", "/api/v1/message-templates", "write"),
    ("get", "/api/v1/message-templates/{id}", "read"),
    ("patch", "/api/v1/message-templates/{id}", "write"),
    ("delete", "/api/v1/message-templates/{id}", "write"),
    ("post", "/api/v1/message-templates/{id}/versions", "write"),
    ("post", "/api/v1/message-templates/{id}/preview", "read"),
    ("post", "/api/v1/media", "write"),
    ("get", "/api/v1/media/{id}", "read"),
    ("get", "/api/v1/media/{id}/content", "read"),
    ("delete", "/api/v1/media/{id}", "write"),
    ("get", "/api/v1/events", "events"),
    ("get", "/api/v1/event-types", ""),
    ("get", "/api/v1/errors", ""),
    ("get", "/api/v1/endpoints", "read"),
    ("post", "/api/v1/endpoints", "write events"),
    ("get", "/api/v1/endpoints/{id}", "read"),
    ("patch", "/api/v1/endpoints/{id}", "write events"),
    ("delete", "/api/v1/endpoints/{id}", "write events"),
    ("get", "/api/v1/endpoints/{id}/secret", "write events"),
    ("post", "/api/v1/endpoints/{id}/secret/rotate", "write events"),
    ("post", "/api/v1/endpoints/{id}/test", "write events"),
    ("post", "/api/v1/endpoints/{id}/replay", "write events"),
    ("get", "/api/v1/endpoints/{id}/stats", "read"),
    ("get", "/api/v1/endpoints/{id}/deliveries", "read"),
    ("get", "/api/v1/deliveries/{id}", "read"),
    ("post", "/api/v1/deliveries/{id}/retry", "write events"),
];

/// What the id in a path names.
const IDS: &[(&str, &str)] = &[
    ("channels", "chn"),
    ("contacts", "con"),
    ("conversations", "cnv"),
    ("message-templates", "mtp"),
    ("messages", "msg"),
    ("templates", "tpl"),
    ("media", "med"),
    ("endpoints", "ep"),
    ("deliveries", "dlv"),
];

const EVERY: [&str; 7] = [
    "read",
    "write",
    "events",
    "read write",
    "read events",
    "write events",
    "read write events",
];

async fn ask(client: &Client, method: &str, path: &str) -> Answer {
    let kind = path.split('/').nth(3).unwrap();
    let prefix = IDS
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or("", |(_, prefix)| prefix);
    let uri = path.replace("{id}", &format!("{prefix}_0198aaaabbbb7ccc8dddeeeeffff0001"));
    match method {
        "get" => client.get(&uri).await,
        "post" => client.post(&uri, json!({})).await,
        "patch" => client.patch(&uri, json!({})).await,
        "delete" => client.delete_with(&uri, json!({})).await,
        _ => panic!("{method} {path}: add the method here"),
    }
}

#[tokio::test]
async fn every_route_asks_for_its_scopes_and_no_others() {
    let test = TestApp::sqlite().await;
    for scopes in EVERY {
        let held: Scopes = scopes.parse().unwrap();
        let key = tenancy::create_api_key(&test.registry, test.tenant, scopes, &held)
            .await
            .unwrap();
        let client = Client::of(&test.app).with(key.token.expose());
        for (method, path, needed) in ROUTES {
            let answer = ask(&client, method, path).await;
            let enough = needed.split_whitespace().all(|it| scopes.contains(it));
            let refused = answer.status == 403 && answer.text().contains("missing-scope");
            assert_eq!(
                refused,
                !enough,
                "{method} {path} with {scopes}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn the_table_has_every_route_there_is() {
    let test = TestApp::sqlite().await;
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys().filter(|_| path.starts_with("/api/v1"));
        routes.extend(methods.map(|method| (method.clone(), path.clone())));
    }
    let table: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(routes, table);
}
