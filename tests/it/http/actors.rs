//! Who did something stands in what they made and in the events about it.

use mainstay::{
    domain::{Ctx, Scopes},
    messaging::{self, NewContent, NewMessage, RequestedRecipient},
    tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, text},
};

async fn channel(client: &Client) -> Value {
    client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone()
}

/// Makes a key and returns its id and its client.
async fn key(test: &TestApp) -> (String, Client) {
    let ctx = Ctx::operator(test.tenant);
    let made = tenancy::create_api_key(&test.registry, &ctx, "a program", &Scopes::all())
        .await
        .unwrap();
    (made.id.to_string(), Client::of(&test.app).with(made.token.expose()))
}

/// The actors of the tenant's events of a type, oldest first.
async fn actors(client: &Client, kind: &str) -> Vec<String> {
    let events = client.get(&format!("/api/v1/events?type={kind}")).await.ok().json();
    let actor = |event: &Value| event["actor"].as_str().unwrap().to_owned();
    events["data"].as_array().unwrap().iter().map(actor).collect()
}

#[both_databases]
async fn what_is_made_names_the_key_that_made_it(test: TestApp) {
    let (id, client) = key(&test).await;
    let message = json!({ "channel_id": channel(&client).await, "to": { "phone": "+491511234567" }, "type": "text", "text": { "body": "Hi" }, "if_window_closed": "queue" });
    let sent = client.post("/api/v1/messages", message.clone()).await.json();
    let uri = format!("/api/v1/messages/{}", sent["id"].as_str().unwrap());
    assert_eq!(client.get(&uri).await.ok().json()["created_by"], json!(id));
    assert_eq!(actors(&client, "conversation.opened").await, std::slice::from_ref(&id));
    let (other, second) = key(&test).await;
    assert_eq!(
        second.post(&format!("{uri}/cancel"), Value::Null).await.status.as_u16(),
        204
    );
    assert_eq!(actors(&client, "message.canceled").await, std::slice::from_ref(&other));
    let batch = second
        .post("/api/v1/messages/batch", json!({ "messages": [message] }))
        .await
        .ok()
        .json();
    let in_batch = format!(
        "/api/v1/messages/{}",
        batch["results"][0]["message"]["id"].as_str().unwrap()
    );
    assert_eq!(client.get(&in_batch).await.ok().json()["created_by"], json!(other));
    let endpoint = second
        .post(
            "/api/v1/endpoints",
            json!({ "url": "https://example.com/hook", "event_types": ["*"] }),
        )
        .await
        .json();
    assert_eq!(endpoint["created_by"], json!(other));
    let template = json!({ "name": "hello", "content": { "type": "text", "body": "Hello" } });
    assert_eq!(
        client.post("/api/v1/message-templates", template).await.status.as_u16(),
        201
    );
    const MADE: &str = "SELECT created_by FROM message_templates WHERE name = 'hello'";
    let (made,): (String,) = test.app.db.reader().sql(MADE, ()).one().await.unwrap();
    assert_eq!(made, id);
}

#[both_databases]
async fn what_arrives_and_what_the_operator_does_have_their_actors(test: TestApp) {
    let client = Client::tenant(&test);
    test.receive(&text(ANA, "wamid.1", T0, "Hello")).await;
    assert_eq!(actors(&client, "message.received").await, ["system"]);
    assert_eq!(actors(&client, "channel.connected").await, ["operator"]);
    let keys = format!("/admin/tenants/{}/keys", test.tenant);
    let listed = Client::operator(&test.app).get(&keys).await.ok().json();
    assert_eq!(listed["data"][0]["created_by"], json!("operator"));
    let received = client.get("/api/v1/messages").await.ok().json();
    assert_eq!(received["data"][0]["created_by"], Value::Null);
}

#[both_databases]
async fn a_page_of_messages_is_composed_as_each_of_them_alone(test: TestApp) {
    let app = &test.app;
    let ctx = Ctx::operator(test.tenant);
    let id = channel(&Client::tenant(&test)).await;
    let channel = id.as_str().unwrap().parse().unwrap();
    let message = |phone: &str, context: Option<&str>| NewMessage {
        channel: Some(channel),
        to: RequestedRecipient::Phone(phone.to_owned()),
        content: NewContent::Payload {
            kind: "text".to_owned(),
            payload: json!({ "body": "Hi" }),
        },
        context: context.map(str::to_owned),
        expires_at: None,
        send_at: None,
        lane: None,
        options: Default::default(),
        idempotency: None,
        labels: Default::default(),
        batch: None,
        if_window_closed: Default::default(),
    };
    let unknown = "msg_0198aaaabbbb7ccc8dddeeeeffff0001";
    let page = [
        message("+491511234567", None),
        message("0151 1234567", None),
        message("+491511234568", Some(unknown)),
        message("+491511234569", Some("wamid.HBgM")),
    ];
    let composed = app.composer.compose_page(&ctx, page.to_vec()).await.unwrap();
    assert_eq!(composed.len(), page.len());
    for (together, message) in composed.into_iter().zip(page) {
        let alone = app.composer.compose(&ctx, message).await;
        let shown = |composed: Result<_, messaging::ComposeError>| composed.map_err(|error| error.to_string());
        assert_eq!(format!("{:?}", shown(together)), format!("{:?}", shown(alone)));
    }
}
