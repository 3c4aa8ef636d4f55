//! Callback URLs in place of the app's, and what goes to them.

use axum::http::StatusCode;
use mainstay_sim::Trouble;
use reqwest::Method;
use serde_json::json;

use super::{World, code, text};
use crate::receiver::{Receiver, until};

#[tokio::test]
async fn an_override_hears_of_messages_and_the_app_of_everything_else() {
    let world = World::new().await;
    let (of_account, of_number) = (Receiver::default(), Receiver::default());
    let subscribed = format!("{}/subscribed_apps", world.waba());
    let account = json!({"override_callback_uri": of_account.clone().start().await, "verify_token": "token"});
    assert_eq!(world.post(&subscribed, &account).await.0, StatusCode::OK);
    let seen = |receiver: &Receiver| receiver.seen.lock().unwrap().len();

    world.write(0).await;
    assert_eq!((seen(&of_account), seen(&world.receiver)), (1, 0), "a message");
    world.accepted(&text(&world.customer(0).wa_id, "hi")).await;
    until(|| world.simulator.graph().untold() == 0).await;
    assert_eq!((seen(&of_account), seen(&world.receiver)), (4, 0), "three statuses");
    world
        .simulator
        .graph()
        .trouble_account(world.waba(), Some(Trouble::Locked));
    until(|| seen(&world.receiver) == 1).await;
    assert_eq!(seen(&of_account), 4, "account_update goes to the app");

    // The number's own goes before the account's.
    let url = of_number.clone().start().await;
    let own = json!({"webhook_configuration": {"override_callback_uri": url, "verify_token": "token"}});
    assert_eq!(world.post(world.number(), &own).await.0, StatusCode::OK);
    world.write(0).await;
    let none = json!({"webhook_configuration": {"override_callback_uri": ""}});
    assert_eq!(world.post(world.number(), &none).await.0, StatusCode::OK);
    world.write(0).await;
    assert_eq!((seen(&of_number), seen(&of_account)), (1, 5));
    assert_eq!(world.call(Method::POST, &subscribed, None).await.0, StatusCode::OK);
    world.write(0).await;
    assert_eq!((seen(&of_account), seen(&world.receiver)), (5, 2));
}

#[tokio::test]
async fn an_override_that_does_not_answer_or_has_no_subscription_is_refused() {
    let world = World::new().await;
    let url = Receiver::default().start().await;
    let path = format!("{}/subscribed_apps", world.waba());
    let with = |token: &str| json!({"override_callback_uri": url, "verify_token": token});
    assert_eq!(code(&world.post(&path, &with("another")).await.1), 2200);
    let silent = json!({"override_callback_uri": "http://127.0.0.1:1/hook", "verify_token": "token"});
    assert_eq!(code(&world.post(&path, &silent).await.1), 2200);
    let tokenless = json!({"override_callback_uri": url});
    assert_eq!(code(&world.post(&path, &tokenless).await.1), 100);
    assert_eq!(world.call(Method::DELETE, &path, None).await.0, StatusCode::OK);
    assert_eq!(code(&world.post(&path, &with("token")).await.1), 100);
    assert_eq!(world.call(Method::POST, &path, None).await.0, StatusCode::OK);
    assert_eq!(world.post(&path, &with("token")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn traffic_of_a_number_with_an_override_goes_there() {
    let world = World::with(|config| {
        config.manners.batch = 1.0;
        config.manners.batch_items = 20;
    })
    .await;
    let of_number = Receiver::default();
    let url = of_number.clone().start().await;
    let own = json!({"webhook_configuration": {"override_callback_uri": url, "verify_token": "token"}});
    assert_eq!(world.post(world.number(), &own).await.0, StatusCode::OK);
    world.simulator.send_all(100).await;
    let (there, here) = (of_number.fields(), world.receiver.fields());
    assert!(
        there.contains("messages") && !there.contains("account_update"),
        "{there:?}"
    );
    assert!(
        here.contains("account_update") && !here.contains("messages"),
        "{here:?}"
    );
}
