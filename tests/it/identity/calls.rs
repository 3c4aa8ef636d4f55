//! Calls: one by the customer opens the service window, one by the business does not.

use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World},
    support::{
        app::TestApp,
        http::Client,
        wait::wait_until,
        webhook::{ANA, BEN, CLEO, T0, Who, change, text},
    },
};

const WINDOW: i64 = 24 * 3_600;

/// A call of the customer's, as Meta tells an event of it.
fn call(who: Who, event: &str, at: i64) -> Value {
    let mut call = json!({ "id": "wacid.1", "to": "15550783881", "event": event, "timestamp": at.to_string(), "direction": "USER_INITIATED" });
    let mut contact = json!({ "profile": { "name": who.name } });
    if let Some(phone) = who.phone {
        (call["from"], contact["wa_id"]) = (json!(phone), json!(phone));
    }
    if let Some(user_id) = who.user_id {
        (call["from_user_id"], contact["user_id"]) = (json!(user_id), json!(user_id));
    }
    json!({ "contacts": [contact], "calls": [call] })
}

async fn list(test: &TestApp, path: &str) -> Vec<Value> {
    let client = Client::of(&test.app).with(&test.key);
    client.get(path).await.ok().json()["data"].as_array().unwrap().clone()
}

async fn told(test: &TestApp) -> Vec<Value> {
    let events = list(test, "/api/v1/events?after=0&limit=200").await;
    events
        .iter()
        .filter(|it| it["type"] == "call.event")
        .map(|it| it["data"].clone())
        .collect()
}

fn seconds(time: &Value) -> Option<i64> {
    time.as_str()
        .map(|it| it.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp())
}

#[both_databases]
async fn a_call_by_a_customer_opens_their_window(test: TestApp) {
    let missed = Who { phone: None, ..BEN };
    for (who, event) in [(ANA, "connect"), (missed, "terminate"), (CLEO, "connect")] {
        test.receive(&change("calls", call(who, event, T0))).await;
    }
    let conversations = list(&test, "/api/v1/conversations").await;
    assert_eq!(conversations.len(), 3, "{conversations:#?}");
    for it in &conversations {
        assert_eq!(seconds(&it["window_expires_at"]), Some(T0 + WINDOW), "{it:#}");
        assert_eq!(
            (&it["last_message"]["type"], &it["unread_count"]),
            (&json!("call"), &json!(0))
        );
    }
    let contacts = list(&test, "/api/v1/contacts").await;
    let names: Vec<&Value> = contacts.iter().map(|it| &it["name"]).collect();
    assert!(
        ["Ana", "Ben", "Cleo"].iter().all(|name| names.contains(&&json!(name))),
        "{names:?}"
    );
    let told = told(&test).await;
    assert_eq!(told.len(), 3);
    for it in &told {
        let of = conversations
            .iter()
            .find(|of| of["id"] == it["conversation_id"])
            .unwrap_or_else(|| panic!("{it:#}"));
        assert_eq!(of["contact_id"], it["contact_id"]);
        assert_eq!(it["channel_id"], of["channel_id"]);
    }
}

#[both_databases]
async fn a_call_starts_the_window_anew_whatever_came_first(test: TestApp) {
    let mut long = call(BEN, "terminate", T0 + 900);
    (long["calls"][0]["start_time"], long["calls"][0]["end_time"]) =
        (json!((T0 + 600).to_string()), json!((T0 + 900).to_string()));
    let events = [
        text(ANA, "wamid.1", T0, "hello"),
        change("calls", call(ANA, "connect", T0 + 600)),
        change("calls", call(BEN, "connect", T0 + 600)),
        change("calls", long),
        text(BEN, "wamid.2", T0, "hello"),
    ];
    for event in &events {
        test.receive(event).await;
        test.receive(event).await;
    }
    let conversations = list(&test, "/api/v1/conversations").await;
    assert_eq!(conversations.len(), 2);
    for it in conversations {
        assert_eq!(seconds(&it["window_expires_at"]), Some(T0 + 600 + WINDOW), "{it:#}");
        assert_eq!(
            (&it["last_message"]["type"], &it["unread_count"]),
            (&json!("call"), &json!(1)),
            "{it:#}"
        );
    }
}

#[both_databases]
async fn a_call_by_the_business_opens_nothing(test: TestApp) {
    let mut outgoing = call(ANA, "terminate", T0 + 600);
    outgoing["calls"][0] = json!({ "id": "wacid.2", "from": "15550783881", "to": ANA.phone, "to_user_id": ANA.user_id,
        "event": "terminate", "status": "COMPLETED", "timestamp": (T0 + 600).to_string(), "direction": "BUSINESS_INITIATED" });
    let ringing = json!({ "statuses": [{ "id": "wacid.2", "type": "call", "status": "RINGING", "timestamp": (T0 + 601).to_string(),
        "recipient_id": ANA.phone, "recipient_user_id": ANA.user_id }] });
    test.receive(&change("calls", outgoing.clone())).await;
    test.receive(&change("calls", ringing.clone())).await;
    assert!(list(&test, "/api/v1/conversations").await.is_empty());
    // Where there is a conversation it is named, and its window is as it was.
    test.receive(&text(ANA, "wamid.1", T0, "hello")).await;
    test.receive(&change("calls", outgoing)).await;
    test.receive(&change("calls", ringing)).await;
    let conversations = list(&test, "/api/v1/conversations").await;
    assert_eq!(conversations.len(), 1);
    assert_eq!(seconds(&conversations[0]["window_expires_at"]), Some(T0 + WINDOW));
    let told = told(&test).await;
    assert_eq!(told.len(), 4);
    for (n, it) in told.iter().enumerate() {
        assert_eq!(it["contact_id"], conversations[0]["contact_id"]);
        let named = if n < 2 { &Value::Null } else { &conversations[0]["id"] };
        assert_eq!(&it["conversation_id"], named);
    }
}

#[both_sizes]
async fn after_a_call_anything_may_be_written(world: World) {
    let customers = world.simulator.customers();
    let place = customers.iter().position(|it| !it.hides_phone).unwrap();
    let to = &customers[place].wa_id;
    let early = world.send(world.text_anyway(to, "too early")).await;
    world.until(&early, "failed").await;
    let call = world.simulator.call(place).unwrap();
    world.simulator.deliver(call).await;
    wait_until(DEADLINE, "the window is open", async || {
        world
            .number("SELECT COUNT(*) FROM conversations WHERE window_expires_at IS NOT NULL")
            .await
            == 1
    })
    .await;
    let id = world.send(world.text(to, "You called?")).await;
    world.until(&id, "read").await;
    world.end().await;
}
