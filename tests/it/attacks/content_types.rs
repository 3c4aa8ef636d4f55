//! Bodies that are not JSON where JSON is taken.

use axum::{body::Body, http::Request};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::{ADMIN, Answer, Client},
};

async fn send(client: &Client, key: &str, method: &str, uri: &str, kind: Option<&str>, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("authorization", format!("Bearer {key}"));
    let request = match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    client.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[both_databases]
async fn every_route_that_takes_json_refuses_what_is_said_to_be_something_else(test: TestApp) {
    let client = Client::of(&test.app);
    let document = client.get("/api/openapi.json").await.ok().json();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_null() || path.starts_with("/webhooks") {
                continue;
            }
            let uri = path.replace("{name}", "inbound");
            let id = uri
                .split('/')
                .nth(3)
                .map(|of| match of {
                    "channels" => "chn",
                    "endpoints" => "end",
                    "media" => "med",
                    "tenants" => "ten",
                    "deliveries" => "dlv",
                    "templates" => "tpl",
                    "message-templates" => "mtp",
                    _ => "msg",
                })
                .unwrap_or("msg");
            let uri = uri.replace("{id}", &format!("{id}_0198aaaabbbb7ccc8dddeeeeffff0001"));
            let key = if path.starts_with("/admin") { ADMIN } else { &test.key };
            for kind in [
                None,
                Some("text/plain"),
                Some("application/x-www-form-urlencoded"),
                Some("application/jsonp"),
            ] {
                let answer = send(&client, key, &method.to_uppercase(), &uri, kind, "{\"a\":1}").await;
                // An id of another form is told first.
                if answer.status.as_u16() != 400 {
                    assert_eq!(answer.problem(415), "not-json", "{method} {path} {kind:?}");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked >= 40, "{asked}");
}

#[both_databases]
async fn json_under_any_of_its_names_is_taken(test: TestApp) {
    let client = Client::tenant(&test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let message = json!({ "channel_id": channel, "to": { "phone": "+4915123456789" }, "type": "text", "text": { "body": "Hello" }, "if_window_closed": "queue" });
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/Vnd.Api+JSON",
    ] {
        for (uri, body, status) in [
            ("/api/v1/messages", message.clone(), 202),
            ("/api/v1/messages/batch", json!({ "messages": [message] }), 200),
            (
                "/api/v1/media/import",
                json!({ "base64": "JVBERi0xLjcK", "mime_type": "application/pdf" }),
                201,
            ),
        ] {
            let answer = send(&client, &test.key, "POST", uri, Some(kind), &body.to_string()).await;
            assert_eq!(answer.status.as_u16(), status, "{uri} {kind}: {}", answer.text());
        }
    }
    for uri in ["/api/v1/messages", "/api/v1/messages/batch", "/api/v1/media/import"] {
        for body in [message.clone(), Value::Null] {
            let answer = send(&client, &test.key, "POST", uri, Some("text/plain"), &body.to_string()).await;
            assert_eq!(answer.problem(415), "not-json", "{uri}");
        }
    }
}
