//! The simulator's own HTTP interface.

use axum::http::StatusCode;
use mainstay_sim::{Ledger, Manners, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bodies::entered;
use crate::receiver::{Receiver, config, until};

#[tokio::test]
async fn the_control_interface_makes_a_customer_write_and_shows_the_ledger() {
    let receiver = Receiver::default();
    let simulator = Simulator::new(config(receiver.clone().start().await, Manners::polite())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(listener).await }
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| client.get(format!("{base}{path}")).send().await.unwrap();
    let post = async |path: &str, body: Value| client.post(format!("{base}{path}")).json(&body).send().await.unwrap();

    assert_eq!(get("/health").await.status(), StatusCode::OK);
    let customers: Value = get("/_sim/customers").await.json().await.unwrap();
    let user_id = customers[3]["user_id"].as_str().unwrap();

    let written = post(
        "/_sim/messages",
        json!({"customer": user_id, "type": "text", "text": "¿hay lugar?"}),
    )
    .await;
    assert_eq!(written.status(), StatusCode::ACCEPTED);
    let written: Value = written.json().await.unwrap();
    let wamid = written["wamid"].as_str().unwrap().to_owned();
    until(|| simulator.ledger().is_complete()).await;
    assert_eq!(receiver.received(), entered(&simulator.ledger()));

    let ledger: Ledger = get("/_sim/ledger").await.json().await.unwrap();
    assert_eq!(ledger.messages.len(), 1);
    assert_eq!(ledger.messages[0].item.wamid, wamid);
    assert_eq!(ledger.messages[0].item.user_id, user_id);
    assert_eq!(ledger.messages[0].acknowledged, 1);

    let called = post("/_sim/calls", json!({"customer": user_id})).await;
    assert_eq!(called.status(), StatusCode::ACCEPTED);
    until(|| simulator.ledger().other_by_field().get("calls") == Some(&1) && simulator.ledger().is_complete()).await;

    for path in ["/_sim/messages", "/_sim/calls"] {
        assert_eq!(
            post(path, json!({"customer": 999})).await.status(),
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(
        post("/_sim/manners", json!({"batch": 1.0, "batch_items": 9}))
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    let manners: Manners = get("/_sim/manners").await.json().await.unwrap();
    assert_eq!(
        manners,
        Manners {
            batch: 1.0,
            batch_items: 9,
            ..Manners::polite()
        }
    );
}
