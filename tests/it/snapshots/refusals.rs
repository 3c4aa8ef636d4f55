//! Requests that are refused, one for each type of problem that a single client can meet.

use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use mainstay::{
    crypto::Keyring,
    domain::{Ctx, Quota, Scopes},
    http::Peer,
    tenancy,
};
use serde_json::{Value, json};

use crate::{
    media::stage::{PIXEL, bytes, file_message, media_of, show, upload},
    support::{
        app::TestApp,
        http::{Answer, Client},
        webhook::{ANA, T0, text},
    },
};

const UNKNOWN: &str = "con_0198aaaabbbb7ccc8dddeeeeffff0001";

/// A refused request, in words, and its answer.
pub type Refusal = (&'static str, Answer);

/// Asks for all of them. The database and the storage of the test are broken afterwards.
pub async fn every(test: &TestApp) -> Vec<Refusal> {
    let mut refusals = requests(test).await;
    refusals.extend(callers(test).await);
    refusals.extend(states(test).await);
    refusals.extend(files(test).await);
    refusals.extend(repeated(test).await);
    refusals.extend(contacts(test).await);
    refusals.extend(super::campaign_refusals::every(test).await);
    refusals.extend(super::file_refusals::every(test).await);
    refusals.extend(failures(test).await);
    refusals
}

async fn contacts(test: &TestApp) -> Vec<Refusal> {
    let client = Client::tenant(test);
    let id = |answer: Answer| answer.json()["id"].as_str().unwrap().to_owned();
    let by = |value: &str| format!("/api/v1/contacts/by/external_id/{value}");
    let old = id(client.put(&by("old"), json!({})).await);
    let new = id(client.put(&by("new"), json!({ "phone": "+4915123450001" })).await);
    let path = |id: &str| format!("/api/v1/contacts/{id}");
    client
        .put(&by("other"), json!({ "phone": "+4915123450002" }))
        .await
        .created();
    client
        .post(&format!("{}/merge", path(&new)), json!({ "from": old }))
        .await
        .ok();
    let tag = client
        .post("/api/v1/tags", json!({ "name": "vip" }))
        .await
        .created()
        .json()["id"]
        .clone();
    client
        .post("/api/v1/segments", json!({ "name": "Best", "filter": "tag = \"vip\"" }))
        .await
        .created();
    vec![
        (
            "a tag that a segment names",
            client.delete(&format!("/api/v1/tags/{}", tag.as_str().unwrap())).await,
        ),
        ("the id of a merged contact", client.get(&path(&old)).await),
        (
            "a contact that exists",
            client
                .post("/api/v1/contacts", json!({ "phone": "+4915123450001" }))
                .await,
        ),
        (
            "identities of two contacts",
            client.put(&by("other"), json!({ "phone": "+4915123450001" })).await,
        ),
        (
            "a version that was changed meanwhile",
            client.patch_version(&path(&new), "\"77\"", json!({})).await,
        ),
    ]
}

async fn requests(test: &TestApp) -> Vec<Refusal> {
    let (tenant, operator) = (Client::tenant(test), Client::operator(&test.app));
    let plain = Request::post("/api/v1/endpoints")
        .header("authorization", format!("Bearer {}", test.key))
        .header("content-type", "text/plain")
        .body(Body::from("{}"));
    let values = |count: usize| json!({ "ids": vec![json!({ "a": 0 }); count] });
    let little = Client::of(&test.configured(|config| config.limits.request_bytes = 16 << 20)).with(&test.key);
    vec![
        ("an address without a route", tenant.get("/api/v1/nothing").await),
        (
            "a method that the route does not have",
            tenant.delete("/api/v1/channels").await,
        ),
        ("a page of no rows", tenant.get("/api/v1/messages?limit=0").await),
        (
            "a cursor that was not given out",
            tenant.get("/api/v1/messages?cursor=none").await,
        ),
        (
            "an id of nobody's",
            tenant.get(&format!("/api/v1/contacts/{UNKNOWN}")).await,
        ),
        (
            "a member with another name",
            operator.post("/admin/tenants", json!({ "nom": "x" })).await,
        ),
        ("a body of another type", tenant.send(plain.unwrap()).await),
        (
            "a body that is too long",
            tenant
                .post("/api/v1/endpoints", json!({ "url": "x".repeat(1 << 20) }))
                .await,
        ),
        (
            "a body of too many values",
            tenant.post("/api/v1/messages/cancel", values(5_000)).await,
        ),
        (
            "a body that takes more than the tenant's share",
            little.post("/api/v1/messages/cancel", values(4_900)).await,
        ),
    ]
}

async fn callers(test: &TestApp) -> Vec<Refusal> {
    let nobody = Client::of(&test.app);
    let scopes: Scopes = "events".parse().unwrap();
    let key = tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "a program", &scopes).await;
    let lesser = nobody.with(key.unwrap().token.expose());
    let without_tokens = Client::of(&test.configured(|config| {
        config.listen = "0.0.0.0:8080".parse().unwrap();
        config.admin_token = None;
    }));
    let slow = Client::of(&test.configured(|config| config.limits.api_rate = 1)).with(&test.key);
    let guess = async || {
        let mut request = Request::get("/admin/tenants")
            .header("authorization", "Bearer wrong")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(Peer("192.0.2.1".parse().unwrap()));
        nobody.send(request).await
    };
    vec![
        ("a request without a key", nobody.get("/api/v1/channels").await),
        (
            "a request with a key of another scope",
            lesser.get("/api/v1/channels").await,
        ),
        (
            "the operator's API without an admin token set",
            without_tokens.get("/admin/tenants").await,
        ),
        (
            "metrics on a public address without a token set",
            without_tokens.get("/metrics").await,
        ),
        (
            "a request beyond the rate of a key",
            until(429, async || slow.get("/api/v1/channels").await).await,
        ),
        ("an admin token after ten wrong ones", until(429, guess).await),
        ("a handshake without the word", nobody.get("/webhooks/whatsapp").await),
        (
            "a webhook with another signature",
            nobody.webhook("{}", "another").await,
        ),
    ]
}

/// Asks until the answer has this status. How often that is depends on how fast the machine is.
async fn until(status: u16, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    for _ in 0..1_000 {
        let answer = ask().await;
        if answer.status.as_u16() == status {
            return answer;
        }
    }
    panic!("{status} did not come");
}

async fn states(test: &TestApp) -> Vec<Refusal> {
    let (tenant, operator) = (Client::tenant(test), Client::operator(&test.app));
    let channel = tenant.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let resume = format!("/api/v1/channels/{}/campaigns/resume", channel.as_str().unwrap());
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    const BLOCK: &str = "
        INSERT INTO blocks (tenant_id, channel_id, contact_id, created_at)
        SELECT tenant_id, channel_id, contact_id, created_at FROM conversations";
    test.app.db.sql(BLOCK, ()).run().await.unwrap();
    let message = json!({
        "channel_id": channel, "to": { "phone": ANA.phone }, "type": "text", "text": { "body": "Hello" },
    });
    let mut later = message.clone();
    later["send_at"] = json!(test.app.clock.now() + TimeDelta::days(1));
    later["lane"] = json!("campaign");
    later["to"] = json!({ "phone": "+4915123450003" });
    let contact = tenant
        .post("/api/v1/contacts", json!({ "phone": "+4915123450003" }))
        .await
        .created()
        .json()["id"]
        .clone();
    let consents = format!("/api/v1/contacts/{}/consents", contact.as_str().unwrap());
    tenant
        .post(
            &consents,
            json!({ "purpose": "marketing", "status": "revoked", "source": "agent" }),
        )
        .await;
    let mut stranger = message.clone();
    stranger["to"] = json!({ "phone": "+4915123456789" });
    tenancy::set_quotas(&test.registry, test.tenant, &[(Quota::Endpoints, Some(0))])
        .await
        .unwrap();
    let full = tenant.post("/api/v1/endpoints", endpoint()).await;
    tenancy::set_quotas(&test.registry, test.tenant, &[(Quota::Endpoints, None)])
        .await
        .unwrap();
    vec![
        (
            "a tenant with the name of another",
            operator.post("/admin/tenants", json!({ "name": "Acme" })).await,
        ),
        (
            "campaigns that are not paused are resumed",
            tenant.post(&resume, json!({})).await,
        ),
        (
            "a text to somebody who has not written",
            tenant.post("/api/v1/messages", stranger).await,
        ),
        (
            "a campaign message for later to somebody who has opted out",
            tenant.post("/api/v1/messages", later).await,
        ),
        (
            "a message to somebody who is blocked",
            tenant.post("/api/v1/messages", message).await,
        ),
        ("an endpoint more than the quota", full),
    ]
}

fn endpoint() -> Value {
    json!({ "url": "https://example.com/webhooks", "event_types": ["*"] })
}

async fn files(test: &TestApp) -> Vec<Refusal> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let (tenant, nobody) = (Client::tenant(test), Client::of(&test.app));
    let given = async |bytes: &[u8]| {
        let file = json!({ "base64": BASE64_STANDARD.encode(bytes) });
        tenant.post("/api/v1/media/import", file).await
    };
    let mut sticker = b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0".to_vec();
    sticker.resize(100 * 1024 + 1, 0);
    let cut = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n";
    let id = upload(&tenant, "image/png", "pixel.png", PIXEL).await;
    let link = show(&tenant, id).await["url"].as_str().unwrap().to_owned();
    let beyond = Request::get(&link)
        .header("range", "bytes=1000000-")
        .body(Body::empty());
    test.receive(&file_message("wamid.2", "document", json!({ "id": "7001" })))
        .await;
    let pending = media_of(&test.app, "wamid.2").await;
    let mut refusals = vec![
        (
            "a file of a type that Meta does not take",
            given(b"<html></html>").await,
        ),
        ("a sticker that is too large", given(&sticker).await),
        (
            "a file that is no form",
            tenant
                .post("/api/v1/media", json!({ "url": "https://example.com/a.pdf" }))
                .await,
        ),
        ("a form that breaks off", tenant.form("/api/v1/media", "x", cut).await),
        (
            "a file at an address within",
            tenant
                .post("/api/v1/media/import", json!({ "url": "https://10.0.0.1/a.pdf" }))
                .await,
        ),
        ("a file before it is fetched", bytes(&tenant, pending).await),
        ("a part beyond the end of a file", nobody.send(beyond.unwrap()).await),
        ("a link that was cut", nobody.get(&link[..link.len() - 2]).await),
    ];
    test.advance(TimeDelta::days(8));
    refusals.push(("a link after its time", nobody.get(&link).await));
    assert_eq!(tenant.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    refusals.push(("a deleted file", bytes(&tenant, id).await));
    refusals
}

async fn repeated(test: &TestApp) -> Vec<Refusal> {
    const URI: &str = "/api/v1/endpoints";
    let tenant = Client::tenant(test);
    let other_key = Keyring::parse(&Keyring::generate()).unwrap();
    let lost = Client::of(&test.configured(|config| config.keyring = other_key)).with(&test.key);
    let ask = async |client: &Client, key: &str| client.post_keyed(URI, key, &endpoint()).await;
    let made = ask(&tenant, "one").await.json();
    let secret = format!("{URI}/{}/secret", made["id"].as_str().unwrap());
    let mut refusals = vec![
        (
            "another request with the key of one",
            tenant.post_keyed(URI, "one", &json!({ "url": "x" })).await,
        ),
        (
            "a repeated request whose answer was sealed under a lost key",
            ask(&lost, "one").await,
        ),
        ("a secret that was sealed under a lost key", lost.get(&secret).await),
    ];
    const BEGUN: &str = "UPDATE idempotency_keys SET http_status = NULL, answer = NULL";
    test.app.db.sql(BEGUN, ()).run().await.unwrap();
    refusals.push(("a repeated request that is not answered yet", ask(&tenant, "one").await));
    test.advance(TimeDelta::seconds(61));
    refusals.push(("a repeated request that nobody answered", ask(&tenant, "one").await));
    refusals
}

async fn failures(test: &TestApp) -> Vec<Refusal> {
    let tenant = Client::tenant(test);
    let mainstay::config::StorageConfig::Folder(folder) = &test.app.config.storage else {
        panic!("a folder")
    };
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::write(folder, "no folder").unwrap();
    let file = json!({ "base64": "JVBERi0xLjcK", "mime_type": "application/pdf" });
    let mut refusals = vec![(
        "a file without a storage",
        tenant.post("/api/v1/media/import", file).await,
    )];
    const BREAK: &str = "ALTER TABLE messages RENAME TO messages_away";
    test.app.db.sql(BREAK, ()).run().await.unwrap();
    refusals.push(("a request that fails", tenant.get("/api/v1/messages").await));
    test.app.db.close().await;
    refusals.push(("a request without a database", tenant.get("/api/v1/channels").await));
    refusals.push(("a webhook without a database", tenant.signed("{}").await));
    refusals
}
