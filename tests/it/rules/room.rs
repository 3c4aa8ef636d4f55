//! Room in a daily limit that nobody was told of: those who wait are found.

use chrono::TimeDelta;
use mainstay::{
    domain::DailyLimit,
    housekeeping,
    records::portfolios::{self, LimitScope, PortfolioKey},
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::strangers;
use crate::support::{
    app::{TestApp, WABA},
    http::Client,
};

/// Has templates queued that nobody sends, and wait for the limit.
async fn queue_behind_limit(test: &TestApp, count: usize) {
    let client = Client::tenant(test);
    let channels = client.get("/api/v1/channels").await.ok().json();
    let message = |phone: String| {
        json!({ "channel_id": channels["data"][0]["id"], "to": { "phone": format!("+{phone}") }, "type": "template",
            "template": { "name": "hello_world", "language": { "code": "en_US" } } })
    };
    let messages: Vec<Value> = strangers(count).into_iter().map(message).collect();
    let batch = json!({ "messages": messages });
    client.post("/api/v1/messages/batch", batch).await.ok();
    let tomorrow = test.app.clock.now() + TimeDelta::days(1);
    const SQL: &str = "UPDATE sends SET held = 'daily_limit', due_at = $1";
    let held = test.app.db.sql(SQL, (tomorrow,)).run().await.unwrap();
    assert_eq!(held, count as u64);
}

/// How many were called and how many wait, after housekeeping. Whoever was called is due.
async fn called_and_waiting(test: &TestApp) -> (i64, i64) {
    const CALLED: &str = "SELECT COUNT(*) FROM sends WHERE held = 'called' AND state = 'pending' AND due_at <= $1";
    housekeeping::reconcile(&test.app).await.unwrap();
    let now = test.app.clock.now();
    let (called,) = test.app.db.sql(CALLED, (now,)).one().await.unwrap();
    let waiting = test.count("SELECT COUNT(*) FROM sends WHERE held = 'daily_limit' AND due_at > created_at");
    (called, waiting.await)
}

#[both_databases]
async fn who_waits_though_there_is_room_is_called_and_nobody_beyond_it(test: TestApp) {
    queue_behind_limit(&test, 6).await;
    let key = PortfolioKey {
        portfolio: WABA.to_owned(),
        tenant: test.tenant,
    };
    let limit = DailyLimit::of_number(5);
    portfolios::set_limit(test.app.db.writer(), &key, limit, LimitScope::All)
        .await
        .unwrap();
    portfolios::add(test.app.db.writer(), &[(key, 5)].into()).await.unwrap();
    assert_eq!(called_and_waiting(&test).await, (0, 6), "there is no room");

    test.app
        .db
        .sql("UPDATE portfolios SET used = 3", ())
        .run()
        .await
        .unwrap();
    assert_eq!(called_and_waiting(&test).await, (2, 4));
    assert_eq!(
        called_and_waiting(&test).await,
        (2, 4),
        "they are on their way and take the room"
    );

    // One of them was withdrawn on its way, and leaves its room to the next.
    const WITHDRAW: &str = "
        UPDATE sends SET state = 'done', held = NULL WHERE id = (SELECT id FROM sends WHERE held = 'called' ORDER BY id LIMIT 1)";
    test.app.db.sql(WITHDRAW, ()).run().await.unwrap();
    assert_eq!(called_and_waiting(&test).await, (2, 3));
}
