//! What each route under `/api/v1` asks of a key, and where it is recorded who asked.

use mainstay::{
    domain::{Ctx, Permission, Scope, Scopes},
    tenancy,
};
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::{Answer, Client},
};

/// What the id in a path names.
const IDS: &[(&str, &str)] = &[
    ("channels", "chn"),
    ("contacts", "con"),
    ("campaigns", "cmp"),
    ("segments", "seg"),
    ("conversations", "cnv"),
    ("message-templates", "mtp"),
    ("messages", "msg"),
    ("templates", "tpl"),
    ("media", "med"),
    ("endpoints", "ep"),
    ("deliveries", "dlv"),
    ("keyword-rules", "kwr"),
    ("exports", "exp"),
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
        "put" => client.put(&uri, json!({})).await,
        "patch" => client.patch(&uri, json!({})).await,
        "delete" => client.delete_with(&uri, json!({})).await,
        _ => panic!("{method} {path}: add the method here"),
    }
}

/// (method, path, operation) of the operations of the document under `prefix`.
async fn operations(test: &TestApp, prefix: &str) -> Vec<(String, String, Value)> {
    let document = Client::of(&test.app).get("/api/openapi.json").await.ok().json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().iter().filter(|_| path.starts_with(prefix));
        found.extend(methods.map(|(method, operation)| (method.clone(), path.clone(), operation.clone())));
    }
    found
}

/// The permissions that the document names for an operation.
fn needed(operation: &Value) -> Vec<Permission> {
    let names = operation["x-permission"]
        .as_array()
        .expect("every operation names what it needs");
    let parse = |name: &Value| Permission::parse(name.as_str().unwrap()).unwrap();
    names.iter().map(parse).collect()
}

async fn client(test: &TestApp, scopes: &str) -> Client {
    let held: Scopes = scopes.parse().unwrap();
    let ctx = Ctx::operator(test.tenant);
    let key = tenancy::create_api_key(&test.registry, &ctx, scopes, &held)
        .await
        .unwrap();
    Client::of(&test.app).with(key.token.expose())
}

#[tokio::test]
async fn every_route_asks_for_the_permissions_that_the_document_names_and_no_others() {
    let test = TestApp::sqlite().await;
    let operations = operations(&test, "/api/v1").await;
    assert!(operations.len() > 50, "the document was not read");
    let mut held: Vec<String> = Permission::ALL.map(|permission| permission.to_string()).to_vec();
    held.extend(Scope::ALL.map(|scope| scope.to_string()));
    held.push("endpoints.manage events.read".to_owned());
    held.push("read write events".to_owned());
    for scopes in held {
        let may = scopes.parse::<Scopes>().unwrap().permissions();
        let client = client(&test, &scopes).await;
        for (method, path, operation) in &operations {
            let answer = ask(&client, method, path).await;
            let lacking = needed(operation).into_iter().find(|permission| !may.allow(*permission));
            let refused = answer.status == 403 && answer.text().contains("missing-permission");
            assert_eq!(
                refused,
                lacking.is_some(),
                "{method} {path} with {scopes}: {}",
                answer.text()
            );
            if let Some(permission) = lacking {
                assert!(
                    answer.text().contains(permission.as_str()),
                    "{method} {path} with {scopes}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_change_is_recorded_or_said_not_to_be() {
    let test = TestApp::sqlite().await;
    for prefix in ["/api/v1", "/admin", "/webhooks"] {
        for (method, path, operation) in operations(&test, prefix).await {
            let recorded = operation["x-recorded"].as_str();
            let is_known = matches!(recorded, Some("audit" | "ledger" | "none"));
            assert!(
                method == "get" || is_known,
                "{method} {path} lacks x-recorded: src/http/docs/access.rs"
            );
        }
    }
}
