//! Who may call.

use std::time::Duration;

use axum::http::StatusCode;
use mainstay_sim::{Scope, TokenSeed};
use serde_json::{Value, json};

use super::{World, code, read, text};

impl World {
    async fn get_as(&self, token: &str, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}/v25.0/{path}", self.url)).bearer_auth(token);
        read(request.send().await.unwrap()).await
    }

    async fn send_as(&self, token: &str) -> (StatusCode, Value) {
        let url = format!("{}/v25.0/{}/messages", self.url, self.number());
        let request = self.client.post(url).bearer_auth(token);
        read(request.json(&text(&self.customer(0).wa_id, "hi")).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn a_call_without_a_good_token_is_answered_190_and_401() {
    let world = World::new().await;
    world.write(0).await;
    let url = format!("{}/v25.0/{}/messages", world.url, world.number());
    let (status, answer) = read(
        world
            .client
            .post(&url)
            .json(&text("4915123456789", "hi"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((status, code(&answer)), (StatusCode::UNAUTHORIZED, 190));
    assert!(answer["error"].get("error_data").is_none(), "token errors have no data");
    assert_eq!(code(&world.send_as("wrong").await.1), 190);
    assert_eq!(world.send_as("simulated-access-token").await.0, StatusCode::OK);
    world.simulator.graph().expire_token("simulated-access-token");
    let (_, answer) = world.send_as("simulated-access-token").await;
    assert_eq!(
        (code(&answer), answer["error"]["error_subcode"].as_i64()),
        (190, Some(463))
    );
    assert_eq!(world.simulator.graph().refused(190), 3);
}

#[tokio::test]
async fn a_token_expires_when_its_time_has_come_and_lets_through_what_its_scopes_say() {
    let world = World::new().await;
    world.write(0).await;
    let graph = world.simulator.graph();
    graph.set_token(TokenSeed {
        scopes: vec![Scope::Management],
        expires_in: Some(60),
        ..TokenSeed::full("manager")
    });
    graph.set_token(TokenSeed {
        scopes: vec![Scope::Messaging],
        ..TokenSeed::full("sender")
    });
    graph.set_token(TokenSeed {
        wabas: Some(vec!["another".to_owned()]),
        ..TokenSeed::full("stranger")
    });
    assert_eq!(code(&world.send_as("manager").await.1), 131005);
    assert_eq!(world.get_as("manager", world.number()).await.0, StatusCode::OK);
    assert_eq!(code(&world.get_as("sender", world.number()).await.1), 200);
    let (_, answer) = world.get_as("stranger", world.number()).await;
    assert_eq!(
        (code(&answer), answer["error"]["error_subcode"].as_i64()),
        (100, Some(33))
    );
    world.simulator.advance(Duration::from_secs(60));
    assert_eq!(code(&world.get_as("manager", world.number()).await.1), 190);
}

#[tokio::test]
async fn debug_token_tells_what_a_token_is_good_for() {
    let world = World::new().await;
    let graph = world.simulator.graph();
    graph.set_token(TokenSeed {
        expires_in: Some(3_600),
        ..TokenSeed::full("temporary")
    });
    graph.set_token(TokenSeed {
        revoked: true,
        ..TokenSeed::full("revoked")
    });
    let (status, answer) = world.get("debug_token?input_token=temporary").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let data = &answer["data"];
    assert_eq!(data["is_valid"], true);
    assert_eq!(
        data["scopes"],
        json!(["whatsapp_business_messaging", "whatsapp_business_management"])
    );
    assert_eq!(data["granular_scopes"][0]["target_ids"], json!([world.waba()]));
    assert!(data["expires_at"].as_i64().unwrap() > graph.summary().now);
    assert_eq!(
        world.get("debug_token?input_token=simulated-access-token").await.1["data"]["expires_at"],
        0
    );
    assert_eq!(
        world.get("debug_token?input_token=revoked").await.1["data"]["is_valid"],
        false
    );
    assert_eq!(
        world.get("debug_token?input_token=unknown").await.1["data"]["is_valid"],
        false
    );
    // The app itself may ask too.
    let app = format!("634974688087057|{}", world.simulator.config().app_secret);
    assert_eq!(
        world.get_as(&app, "debug_token?input_token=temporary").await.0,
        StatusCode::OK
    );
}
