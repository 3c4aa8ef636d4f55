//! The control interface of the Graph API, for tests in other processes.

use axum::http::StatusCode;
use mainstay_sim::{Enforcement, StatusPolicy, Summary};
use serde_json::{Value, json};

use super::{World, read, template, text};

impl World {
    async fn steer(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}/_sim/{path}", self.url);
        read(self.client.post(url).json(&body).send().await.unwrap()).await
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}/_sim/{path}", self.url);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn everything_is_steered_and_seen_over_http() {
    let world = World::new().await;
    let none = serde_json::to_value(Enforcement::none()).unwrap();
    assert_eq!(world.steer("enforcement", none.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.look("enforcement").await, none);
    world
        .steer("statuses", json!({"read": 0.0, "sent_ms": 0, "delivered_ms": 1}))
        .await;
    let policy: StatusPolicy = serde_json::from_value(world.look("statuses").await).unwrap();
    assert_eq!((policy.read, policy.delivered), (0.0, 1.0));
    assert!(world.steer("statuses", json!({"raed": 0.0})).await.0.is_client_error());

    world.accepted(&text("4915123456789", "hi")).await;
    assert_eq!(world.statuses().await.len(), 2);
    world.refused(&json!({})).await;
    let summary: Summary = serde_json::from_value(world.look("summary").await).unwrap();
    assert_eq!((summary.calls, summary.accepted, summary.untold), (2, 1, 0));
    assert_eq!(summary.refusals.into_iter().collect::<Vec<_>>(), [(100, 1)]);

    world.steer("clock", json!({"advance_seconds": 3_600})).await;
    let later: Summary = serde_json::from_value(world.look("summary").await).unwrap();
    assert!(later.now >= summary.now + 3_600);
}

#[tokio::test]
async fn numbers_accounts_templates_and_tokens_are_made_and_changed_over_http() {
    let world = World::new().await;
    assert_eq!(
        world.steer("enforcement", json!({"window": "off"})).await.0,
        StatusCode::NO_CONTENT
    );
    let number = json!({"phone_number_id": "333", "display_phone_number": "12065550133", "level": "coexistence"});
    assert_eq!(world.steer("numbers", number).await.0, StatusCode::CREATED);
    assert_eq!(world.get("333").await.1["throughput"]["level"], "NOT_APPLICABLE");
    assert_eq!(
        world
            .steer("numbers/333", json!({"level": "high", "quality": "RED"}))
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    let (_, shown) = world.get("333").await;
    assert_eq!(
        (&shown["throughput"]["level"], &shown["quality_rating"]),
        (&json!("HIGH"), &json!("RED"))
    );
    assert_eq!(world.steer("numbers/444", json!({})).await.0, StatusCode::NOT_FOUND);

    let seed = json!({"name": "mine", "language": "de", "category": "MARKETING", "components": [{"type": "BODY", "text": "Hallo {{1}}."}]});
    let (status, made) = world.steer("templates", seed).await;
    assert_eq!(status, StatusCode::CREATED);
    world.accepted(&template("4915123456789", "mine", "de", &["Jo"])).await;
    let path = format!("templates/{}", made["id"].as_str().unwrap());
    assert_eq!(
        world.steer(&path, json!({"status": "PAUSED"})).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.refused(&template("4915123456789", "mine", "de", &["Jo"])).await,
        132015
    );

    let account = format!("accounts/{}", world.waba());
    world.steer(&account, json!({"trouble": "locked"})).await;
    assert_eq!(world.refused(&text("4915123456789", "hi")).await, 131031);
    world.steer(&account, json!({"trouble": null})).await;
    world.accepted(&text("4915123456789", "hi")).await;

    world
        .steer("moderation", json!({"verdict": "reject", "after_ms": 0}))
        .await;
    assert_eq!(world.look("moderation").await["verdict"], "reject");
    world
        .steer("tokens", json!({"token": "simulated-access-token", "expires_in": 0}))
        .await;
    assert_eq!(world.refused(&text("4915123456789", "hi")).await, 190);

    let written = world
        .steer("messages", json!({"customer": 0, "phone_number_id": "333"}))
        .await;
    assert_eq!(written.0, StatusCode::ACCEPTED);
    crate::receiver::until(|| world.simulator.ledger().is_complete()).await;
    assert_eq!(world.simulator.ledger().messages[0].item.phone_number_id, "333");
}
