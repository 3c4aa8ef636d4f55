//! Texts that a database or a terminal does not bear: NUL in every text of every route, control characters in names.

use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::document::{operations, texts};
use crate::support::{
    app::{NUMBER, TestApp},
    http::{ADMIN, Client},
};

const HOSTILE: &str = "a\u{0}b";

/// Requests that are good but for the text at the pointer.
fn good(channel: &str) -> Vec<(&'static str, Value, &'static str)> {
    let message = |with: Value| {
        let mut message = json!({ "channel_id": channel, "to": { "phone": "4915550100777" }, "type": "text", "text": { "body": "Hi" } });
        message
            .as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        message
    };
    let messages = "/api/v1/messages";
    let mut from_template = message(json!({ "message_template": { "name": "text", "variables": { "name": "text" } } }));
    from_template
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name != "type" && name != "text");
    vec![
        (
            messages,
            message(json!({ "context": { "message_id": "wamid.1" } })),
            "/context/message_id",
        ),
        (messages, from_template.clone(), "/message_template/name"),
        (messages, from_template, "/message_template/variables/name"),
        (messages, message(json!({})), "/text/body"),
        (messages, message(json!({})), "/to/phone"),
        (messages, message(json!({ "to": { "user_id": "US.1" } })), "/to/user_id"),
        (
            messages,
            message(json!({ "recipient_identity_key_hash": "x" })),
            "/recipient_identity_key_hash",
        ),
        (
            messages,
            message(json!({ "type": "reaction", "reaction": { "message_id": "wamid.1", "emoji": "x" } })),
            "/reaction/message_id",
        ),
        (
            "/api/v1/endpoints",
            json!({ "url": "https://example.com/", "event_types": ["*"], "description": "x" }),
            "/description",
        ),
        (
            "/api/v1/media/import",
            json!({ "base64": "JVBERi0xLjQK", "filename": "a.pdf", "mime_type": "application/pdf" }),
            "/filename",
        ),
        (
            "/api/v1/media/import",
            json!({ "base64": "AAAA", "type": "document", "mime_type": "application/x-thing" }),
            "/mime_type",
        ),
        (
            "/api/v1/message-templates",
            json!({ "name": "x", "content": { "type": "text", "body": "Hi" } }),
            "/content/body",
        ),
        (
            "/api/v1/segments",
            json!({ "name": "x", "filter": "name = \"Ana\"" }),
            "/name",
        ),
        (
            "/api/v1/segments",
            json!({ "name": "x", "filter": "name = \"Ana\"" }),
            "/filter",
        ),
        (
            "/api/v1/segments/preview",
            json!({ "filter": "name = \"Ana\"" }),
            "/filter",
        ),
        ("/admin/tenants", json!({ "name": "Books" }), "/name"),
    ]
}

fn member(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

#[both_databases]
async fn a_nul_in_a_good_request_is_refused_by_name(test: TestApp) {
    let (client, operator) = (Client::tenant(&test), Client::operator(&test.app));
    let channels = client.get("/api/v1/channels").await.ok().json();
    let channel = channels["data"][0]["id"].as_str().unwrap().to_owned();
    for (uri, body, at) in good(&channel) {
        let mut hostile = body.clone();
        *hostile.pointer_mut(at).unwrap() = json!(HOSTILE);
        let who = if uri.starts_with("/admin") { &operator } else { &client };
        let answer = who.post(uri, hostile.clone()).await;
        assert_eq!(answer.problem(422), "invalid-field", "{uri} {at}");
        assert_eq!(answer.json()["field"], member(at), "{uri} {at}");
    }
}

#[both_databases]
async fn a_nul_in_one_message_of_a_batch_costs_its_neighbours_nothing(test: TestApp) {
    let client = Client::tenant(&test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let message = |text: &str, wamid: &str| {
        json!({ "channel_id": channels["data"][0]["id"], "to": { "phone": "4915550100777" },
        "type": "text", "text": { "body": text }, "context": { "message_id": wamid },
            "if_window_closed": "queue" })
    };
    let messages = json!([
        message("one", "wamid.1"),
        message("two", HOSTILE),
        message("three\\u0000", "wamid.1")
    ]);
    let answer = client
        .post("/api/v1/messages/batch", json!({ "messages": messages }))
        .await
        .ok()
        .json();
    assert_eq!(
        answer["results"][1]["problem"]["field"], "context.message_id",
        "{answer}"
    );
    for n in [0, 2] {
        assert_eq!(answer["results"][n]["message"]["status"], "queued", "{answer}");
    }
}

#[both_databases]
async fn no_route_answers_a_nul_with_a_failure_of_ours(test: TestApp) {
    let client = Client::tenant(&test);
    let operator = client.with(ADMIN);
    let mut tried = 0;
    for operation in operations(&test).await {
        let who = if operation.path.starts_with("/admin") {
            &operator
        } else {
            &client
        };
        let what = operation.name();
        if let Some(body) = &operation.body {
            for at in texts(body) {
                let mut hostile = body.clone();
                *hostile.pointer_mut(&at).unwrap() = json!(HOSTILE);
                let answer = operation.send(who, &operation.path, Some(&hostile)).await;
                let status = answer.status.as_u16();
                let of_a_batch = operation.path == "/api/v1/messages/batch" && status == 200;
                assert!(
                    status == 422 || of_a_batch,
                    "{what} with NUL at {at}: {}",
                    answer.text()
                );
                tried += 1;
            }
        }
        for (name, _) in &operation.query {
            let path = format!("{}?{name}=a%00b", operation.path);
            let answer = operation.send(who, &path, operation.body.as_ref()).await;
            assert!(
                answer.status.is_client_error(),
                "{what} with NUL in {name}: {}",
                answer.text()
            );
            tried += 1;
        }
        let nul_in_path = operation
            .path
            .replace("0198aaaabbbb7ccc8dddeeeeffff0001", "%00")
            .replace("inbound", "in%00bound");
        let answer = operation.send(who, &nul_in_path, operation.body.as_ref()).await;
        assert!(
            !answer.status.is_server_error(),
            "{what} with NUL in the path: {}",
            answer.text()
        );
    }
    assert!(tried > 100, "{tried}");
}

#[both_databases]
async fn the_fields_of_a_form_hold_no_nul(test: TestApp) {
    let client = Client::tenant(&test);
    for field in ["mime_type", "filename", "type"] {
        let body = format!(
            "--x\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\na/\0b\r\n\
            --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\nbytes\r\n--x--\r\n"
        );
        let answer = client.form("/api/v1/media", "x", body).await;
        assert!(answer.status.is_client_error(), "{field}: {}", answer.text());
    }
}

#[both_databases]
async fn a_name_holds_no_control_character_and_turns_no_text_around(test: TestApp) {
    let (client, operator) = (Client::tenant(&test), Client::operator(&test.app));
    for bad in [
        "a\u{7}b",
        "a\nb",
        "a\u{1b}[31mb",
        "a\u{85}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{2028}b",
    ] {
        let tenants = operator.get("/admin/tenants").await.ok().json();
        let tenant = tenants["data"][0]["id"].as_str().unwrap().to_owned();
        for (who, uri, body) in [
            (&operator, "/admin/tenants".to_owned(), json!({ "name": bad })),
            (
                &operator,
                format!("/admin/tenants/{tenant}/keys"),
                json!({ "name": bad, "scopes": ["read"] }),
            ),
            (
                &operator,
                format!("/admin/tenants/{tenant}/channels"),
                json!({ "phone_number_id": NUMBER, "waba_id": "102290129340398", "access_token": bad }),
            ),
            (
                &client,
                "/api/v1/endpoints".to_owned(),
                json!({ "url": "https://example.com/", "event_types": ["*"], "description": bad.replace('\n', "\r") }),
            ),
            (
                &client,
                "/api/v1/message-templates".to_owned(),
                json!({ "name": bad, "content": { "type": "text", "body": "Hi" } }),
            ),
        ] {
            let answer = who.post(&uri, body.clone()).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 422), "{uri} {body}: {status}");
            assert!(answer.text().contains("U+"), "{}", answer.text());
        }
    }
    let fine = "Bücher & Söhne 👩‍👩‍👧 حساب";
    assert_eq!(
        operator
            .post("/admin/tenants", json!({ "name": fine }))
            .await
            .status
            .as_u16(),
        201
    );
}
