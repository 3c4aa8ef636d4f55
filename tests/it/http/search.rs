use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, BEN, T0, Who, text},
};

/// Beyond the window of recent conversations, by rows put in directly.
async fn bury(test: &TestApp, count: usize) {
    const SQL: &str = "
        INSERT INTO conversations (tenant_id, id, channel_id, contact_id, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, last_message_text, unread_count, created_at, updated_at)
        SELECT tenant_id, $1, channel_id, $1, $2, 'wamid.x', 'inbound', 'text', 'noise', 0, $2, $2
        FROM conversations LIMIT 1";
    let mut tx = test.app.db.begin().await.unwrap();
    let now = test.app.clock.now();
    for _ in 0..count {
        let id: mainstay::domain::ConversationId = test.app.clock.new_id();
        tx.sql(SQL, (id, now)).run().await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn found(client: &Client, q: &str) -> Vec<Value> {
    let (rows, _) = client.all(&format!("/api/v1/conversations?limit=1&q={q}")).await;
    rows.iter().map(|row| row["contact"]["name"].clone()).collect()
}

#[both_databases]
async fn a_search_looks_at_name_number_and_last_message(test: TestApp) {
    let zoe = Who {
        phone: Some("5511988887777"),
        user_id: None,
        name: "Zoe 100% Ann",
    };
    test.receive(&text(zoe, "wamid.0", T0 - 5, "nothing")).await;
    test.receive(&text(ANA, "wamid.1", T0, "first")).await;
    test.receive(&text(ANA, "wamid.2", T0 + 1, "Where is my ORDER?")).await;
    test.receive(&text(BEN, "wamid.3", T0 + 2, "an order, please")).await;
    let client = Client::tenant(&test);
    for (q, expected) in [
        ("an", vec!["Ben", "Ana", "Zoe 100% Ann"]),
        ("ANA", vec!["Ana"]),
        ("order", vec!["Ben", "Ana"]),
        ("my%20order", vec!["Ana"]),
        ("first", vec![]),
        ("100%25", vec!["Zoe 100% Ann"]),
        ("%25", vec!["Zoe 100% Ann"]),
        ("_", vec![]),
        ("%2B54%209%2011%202345", vec!["Ana"]),
        ("447700", vec!["Ben"]),
        ("900123", vec!["Ben"]),
        ("7777", vec!["Zoe 100% Ann"]),
    ] {
        assert_eq!(json!(found(&client, q).await), json!(expected), "{q}");
    }
}

#[both_databases]
async fn beyond_the_most_recent_what_begins_with_it_is_found(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Where is my order?")).await;
    bury(&test, 5_001).await;
    let client = Client::tenant(&test);
    assert_eq!(found(&client, "an").await, ["Ana"]);
    assert_eq!(found(&client, "54911").await, ["Ana"]);
    assert_eq!(found(&client, "order").await, Vec::<Value>::new());
    assert_eq!(found(&client, "na").await, Vec::<Value>::new());
}

#[both_databases]
async fn contacts_are_found_by_number_and_by_the_beginning_of_name_or_number(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "first")).await;
    test.receive(&text(BEN, "wamid.2", T0 + 1, "second")).await;
    let client = Client::tenant(&test);
    let ana = ANA.phone.unwrap();
    for (query, expected) in [
        ("search=an".to_owned(), vec!["Ana"]),
        ("search=na".to_owned(), vec![]),
        ("search=447700".to_owned(), vec!["Ben"]),
        (format!("phone=%2B{ana}"), vec!["Ana"]),
        (format!("phone={}", &ana[..6]), vec![]),
    ] {
        let (rows, _) = client.all(&format!("/api/v1/contacts?limit=1&{query}")).await;
        let names: Vec<&Value> = rows.iter().map(|row| &row["name"]).collect();
        assert_eq!(json!(names), json!(expected), "{query}");
    }
    let both = client.get("/api/v1/contacts?search=an&phone=1").await;
    assert_eq!(both.problem(400), "invalid-request");
}

#[both_databases]
async fn events_are_listed_by_type_and_by_family(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "first")).await;
    let client = Client::tenant(&test);
    for (kind, expected) in [
        ("message.received", vec!["message.received"]),
        ("message.*", vec!["message.received"]),
        ("conversation.*", vec!["conversation.opened"]),
        ("message.read", vec![]),
    ] {
        let page = client.get(&format!("/api/v1/events?type={kind}")).await.ok().json();
        let kinds: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
        assert_eq!(json!(kinds), json!(expected), "{kind}");
    }
    for unknown in ["message.sung", "messages.*"] {
        let refused = client.get(&format!("/api/v1/events?type={unknown}")).await;
        assert_eq!(refused.problem(400), "invalid-request", "{unknown}");
    }
}
