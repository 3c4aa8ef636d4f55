//! What a tenant can make without end, were there no quota.

use futures::future::join_all;
use mainstay::{
    config::Secret,
    domain::{Ctx, Quota, Scopes},
    tenancy::{self, NewChannel, TenancyError},
};
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use crate::{
    sending::world::World,
    support::{
        app::TestApp,
        http::{Answer, Client},
    },
};

const AT_ONCE: usize = 40;

async fn limit(test: &TestApp, quota: Quota, most: i64) {
    tenancy::set_quotas(&test.registry, test.tenant, &[(quota, Some(most))])
        .await
        .unwrap();
}

/// Asks for many at once, of which so many fit; whatever else is said is a clear refusal.
fn fit(answers: &[Answer], quota: &str, room: usize, most: usize) {
    let made = answers.iter().filter(|it| it.status.as_u16() == 201).count();
    for refused in answers.iter().filter(|it| it.status.as_u16() != 201) {
        assert_eq!(refused.problem(403), "quota-reached", "{}", refused.text());
        let said = refused.json();
        assert_eq!(
            (&said["quota"], &said["limit"]),
            (&json!(quota), &json!(most)),
            "{said}"
        );
        assert!(said["used"].as_u64().unwrap() <= most as u64, "{said}");
        assert!(said["detail"].as_str().unwrap().contains("ask the operator"), "{said}");
    }
    assert_eq!(made, room);
}

fn endpoint(n: usize) -> Value {
    json!({ "url": format!("https://example.com/{n}"), "event_types": ["message.*"] })
}

fn template(n: usize) -> Value {
    json!({ "name": format!("template {n}"), "content": { "type": "text", "body": "Hello {{name}}" } })
}

#[both_databases]
async fn endpoints_end_at_their_quota_however_many_are_made_at_once(test: TestApp) {
    let client = Client::tenant(&test);
    limit(&test, Quota::Endpoints, 7).await;
    let answers = join_all((0..AT_ONCE).map(|n| {
        let client = client.clone();
        async move { client.post("/api/v1/endpoints", endpoint(n)).await }
    }))
    .await;
    fit(&answers, "endpoints", 7, 7);
    assert_eq!(test.count("SELECT COUNT(*) FROM endpoints").await, 7);
    // One that is deleted makes room for one.
    let id = answers.iter().find(|it| it.status.as_u16() == 201).unwrap().json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client.delete(&format!("/api/v1/endpoints/{id}")).await.status.as_u16(),
        204
    );
    assert_eq!(
        client.post("/api/v1/endpoints", endpoint(98)).await.status.as_u16(),
        201
    );
    assert_eq!(
        client.post("/api/v1/endpoints", endpoint(99)).await.problem(403),
        "quota-reached"
    );
}

#[both_databases]
async fn a_hundred_endpoints_are_what_a_tenant_has_unless_told_otherwise(test: TestApp) {
    let client = Client::tenant(&test);
    let answers = join_all((0..100 + AT_ONCE).map(|n| {
        let client = client.clone();
        async move { client.post("/api/v1/endpoints", endpoint(n)).await }
    }))
    .await;
    fit(&answers, "endpoints", 100, 100);
}

#[both_databases]
async fn message_templates_end_at_their_quota_however_many_are_made_at_once(test: TestApp) {
    let client = Client::tenant(&test);
    client.get("/api/v1/message-templates").await.ok();
    let first = test.count("SELECT COUNT(*) FROM message_templates").await;
    limit(&test, Quota::MessageTemplates, first + 5).await;
    let answers = join_all((0..AT_ONCE).map(|n| {
        let client = client.clone();
        async move { client.post("/api/v1/message-templates", template(n)).await }
    }))
    .await;
    let made = answers.iter().filter(|it| it.status.as_u16() == 201).count();
    assert_eq!(made, 5, "{}", answers[AT_ONCE - 1].text());
    let refused = answers.iter().find(|it| it.status.as_u16() != 201).unwrap();
    assert_eq!(refused.problem(403), "quota-reached");
}

#[both_databases]
async fn uploads_end_at_their_bytes_and_deleted_ones_make_room(test: TestApp) {
    let client = Client::tenant(&test);
    limit(&test, Quota::MediaBytes, 1_000).await;
    let upload = |n: usize| {
        let client = client.clone();
        // A hundred bytes each, all different.
        let text = format!("{n:0>100}");
        let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text);
        async move {
            client
                .post(
                    "/api/v1/media/import",
                    json!({ "base64": base64, "mime_type": "text/plain" }),
                )
                .await
        }
    };
    let mut answers = Vec::new();
    // No more at a time than uploads there may be.
    for n in 0..AT_ONCE / 8 {
        answers.extend(join_all((0..8).map(|m| upload(n * 8 + m))).await);
    }
    let made: Vec<_> = answers.iter().filter(|it| it.status.as_u16() == 201).collect();
    assert_eq!(made.len(), 10, "{}", answers[AT_ONCE - 1].text());
    let refused = answers.iter().find(|it| it.status.as_u16() != 201).unwrap();
    assert_eq!(
        (refused.problem(403).as_str(), &refused.json()["quota"]),
        ("quota-reached", &json!("media_bytes"))
    );
    for gone in &made[..2] {
        let id = gone.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    }
    let again = [upload(90).await, upload(91).await, upload(92).await].map(|it| it.status.as_u16());
    assert_eq!(again, [201, 201, 403]);
}

#[both_databases]
async fn api_keys_and_channels_end_at_theirs(test: TestApp) {
    let ctx = Ctx::operator(test.tenant);
    limit(&test, Quota::ApiKeys, 4).await;
    let scopes = Scopes::all();
    let made = join_all((0..AT_ONCE).map(|_| tenancy::create_api_key(&test.registry, &ctx, "a key", &scopes))).await;
    // The tenant has one.
    assert_eq!(made.iter().filter(|it| it.is_ok()).count(), 3);
    assert!(made.iter().all(|it| matches!(it, Ok(_) | Err(TenancyError::Quota(_)))));
    let revoked = made.into_iter().find_map(Result::ok).unwrap();
    tenancy::revoke_api_key(&test.registry, revoked.id).await.unwrap();
    tenancy::create_api_key(&test.registry, &Ctx::operator(test.tenant), "another", &scopes)
        .await
        .unwrap();

    limit(&test, Quota::Channels, 3).await;
    let channel = |n: usize| NewChannel {
        phone_number_id: format!("60000000000{n:04}"),
        waba_id: "600000000000000".to_owned(),
        access_token: Secret::new("EAAG-own"),
        app_secret: None,
    };
    let made = join_all((0..AT_ONCE).map(|n| tenancy::add_channel(&test.registry, &ctx, channel(n)))).await;
    assert_eq!(made.iter().filter(|it| it.is_ok()).count(), 2);
    let known = made.iter().position(Result::is_ok).unwrap();
    tenancy::add_channel(&test.registry, &Ctx::operator(test.tenant), channel(known))
        .await
        .expect("one that is there is renewed");
}

#[both_databases]
async fn the_operator_sets_and_sees_quotas(test: TestApp) {
    let operator = Client::operator(&test.app);
    let address = format!("/admin/tenants/{}", test.tenant);
    let set = operator
        .patch(&address, json!({ "quotas": { "endpoints": 3, "media_bytes": 5_000 } }))
        .await
        .ok()
        .json();
    assert_eq!(
        (
            &set["quotas"]["endpoints"],
            &set["quotas"]["media_bytes"],
            &set["quotas"]["channels"]
        ),
        (&json!(3), &json!(5_000), &json!(100))
    );
    let set = operator
        .patch(&address, json!({ "quotas": { "endpoints": null } }))
        .await
        .ok()
        .json();
    assert_eq!(
        (&set["quotas"]["endpoints"], &set["quotas"]["media_bytes"]),
        (&json!(100), &json!(5_000))
    );
    let listed = operator.get("/admin/tenants").await.ok().json();
    assert_eq!(listed["data"][0]["quotas"], set["quotas"]);
    let wrong = operator.patch(&address, json!({ "quotas": { "messages": 3 } })).await;
    assert_eq!(wrong.problem(422), "invalid-field");
    for most in [-1, Quota::Endpoints.most() + 1] {
        let wrong = operator
            .patch(&address, json!({ "quotas": { "endpoints": most } }))
            .await;
        assert_eq!(wrong.problem(400), "invalid-request");
    }
}

#[both_sizes]
async fn templates_end_at_their_quota_however_many_are_handed_in_at_once(world: World) {
    world.fetch_templates().await;
    let app = &world.running.app;
    let there = world
        .number("SELECT COUNT(*) FROM templates WHERE status <> 'DELETED'")
        .await;
    const SET: &str = "INSERT INTO tenant_quotas (tenant_id, quota, maximum) SELECT id, 'templates', $1 FROM tenants";
    app.db.sql(SET, (there + 3,)).run().await.unwrap();
    let answers = join_all((0..AT_ONCE).map(|n| {
        let template = json!({
            "channel_id": world.channel, "name": format!("parcel_{n}"), "language": "en_US", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": "Hello, your parcel is here." }],
        });
        world.post("templates", template)
    }))
    .await;
    fit(&answers, "templates", 3, there as usize + 3);
    assert_eq!(world.number("SELECT COUNT(*) FROM quota_reservations").await, 0);
}
