//! What is replayed is what would have been delivered.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use mainstay::domain::EndpointId;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{add, uri};
use crate::support::{
    app::{NUMBER, TestApp, WABA},
    http::Client,
    webhook::{ANA, BEN, T0, text},
};

/// The type, order key and sequence of every delivery of an endpoint, by its event.
async fn on_their_way(test: &TestApp, endpoint: &Value) -> BTreeMap<uuid::Uuid, (String, Option<uuid::Uuid>, i64)> {
    const SQL: &str = "SELECT event_id, type, order_key, sequence FROM deliveries WHERE endpoint_id = $1";
    let id: EndpointId = endpoint["id"].as_str().unwrap().parse().unwrap();
    let rows: Vec<(uuid::Uuid, String, Option<uuid::Uuid>, i64)> = test.app.db.sql(SQL, (id,)).all().await.unwrap();
    rows.into_iter()
        .map(|(event, kind, order_key, sequence)| (event, (kind, order_key, sequence)))
        .collect()
}

async fn enable(client: &Client, endpoint: &Value) {
    client.patch(&uri(endpoint), json!({ "enabled": true })).await.ok();
}

/// How many were missing of what happened since the endpoint was added.
async fn replay_missing(client: &Client, endpoint: &Value) -> u64 {
    let request = json!({ "from": endpoint["created_at"], "states": ["missing"] });
    let answer = client.post(&format!("{}/replay", uri(endpoint)), request).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    answer.json()["replayed"].as_u64().unwrap()
}

#[both_databases]
async fn what_was_missed_comes_by_channel_and_in_order_like_what_comes_at_once(test: TestApp) {
    let client = Client::tenant(&test);
    test.add_channel(test.tenant, "106540352242999", WABA).await;
    let channels = client.get("/api/v1/channels").await.ok().json()["data"].clone();
    let (own, other): (Vec<Value>, Vec<Value>) = channels
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .partition(|it| it["phone_number_id"] == NUMBER);
    let of =
        |channel: &Value, enabled: bool| json!({ "channels": [channel["id"]], "ordered": true, "enabled": enabled });
    let at_once = add(&client, of(&own[0], true)).await;
    let (late, elsewhere) = (
        add(&client, of(&own[0], false)).await,
        add(&client, of(&other[0], false)).await,
    );
    for (n, who) in [ANA, BEN, ANA].into_iter().enumerate() {
        test.receive(&text(who, &format!("wamid.{n}"), T0 + n as i64, "Hello"))
            .await;
    }
    test.advance(TimeDelta::seconds(1));
    let expected = on_their_way(&test, &at_once).await;
    let received: Vec<_> = expected
        .values()
        .filter(|(kind, ..)| kind == "message.received")
        .collect();
    assert!(
        received.len() == 3 && received.iter().all(|(_, order_key, _)| order_key.is_some()),
        "{expected:?}"
    );
    for endpoint in [&late, &elsewhere] {
        assert!(on_their_way(&test, endpoint).await.is_empty());
        enable(&client, endpoint).await;
    }
    assert_eq!(replay_missing(&client, &late).await, expected.len() as u64);
    assert_eq!(on_their_way(&test, &late).await, expected);
    assert_eq!(
        replay_missing(&client, &elsewhere).await,
        0,
        "nothing happened on its channel"
    );
}

#[both_databases]
async fn the_test_of_one_endpoint_is_never_missing_at_another(test: TestApp) {
    let client = Client::tenant(&test);
    let (tested, other) = (add(&client, json!({})).await, add(&client, json!({})).await);
    assert_eq!(
        client
            .post(&format!("{}/test", uri(&tested)), Value::Null)
            .await
            .status
            .as_u16(),
        202
    );
    test.advance(TimeDelta::seconds(1));
    assert_eq!(replay_missing(&client, &other).await, 0);
    assert_eq!(on_their_way(&test, &other).await, BTreeMap::new());
}
