use chrono::TimeDelta;
use mainstay::housekeeping::emit_window_closing;
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::{of_type, schema};
use crate::support::{
    app::TestApp,
    webhook::{ANA, BEN, echo, text},
};

const CLOSING: &str = "conversation.window_closing";

/// Meta's time, so many minutes from now.
fn at(test: &TestApp, minutes: i64) -> i64 {
    (test.app.clock.now() + TimeDelta::minutes(minutes)).timestamp()
}

#[both_databases]
async fn a_window_that_ends_within_the_hour_is_told_of_once(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", at(&test, 0), "Are you open?")).await;
    test.receive(&text(BEN, "wamid.2", at(&test, -60), "Hello")).await;
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 0);
    test.advance(TimeDelta::minutes(22 * 60 + 1));
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 1, "Ben's");
    for _ in 0..3 {
        assert_eq!(emit_window_closing(&test.app).await.unwrap(), 0);
    }
    test.advance(TimeDelta::minutes(60));
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 1, "Ana's");
    let told = of_type(&test, CLOSING).await;
    assert_eq!(told.len(), 2);
    assert_ne!(told[0]["conversation_id"], told[1]["conversation_id"]);
    assert_eq!(schema::told(&test.app.db).await[CLOSING], 2);
}

#[both_databases]
async fn a_contact_who_writes_again_opens_a_window_that_is_told_of_again(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", at(&test, 0), "Are you open?")).await;
    test.advance(TimeDelta::minutes(23 * 60 + 30));
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 1);
    // What the business writes prolongs nothing.
    test.receive(&echo(ANA, "wamid.2", at(&test, 0), "We are.")).await;
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 0);
    test.receive(&text(ANA, "wamid.3", at(&test, 0), "Thank you")).await;
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 0);
    test.advance(TimeDelta::minutes(23 * 60 + 30));
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 1);
    let told = of_type(&test, CLOSING).await;
    assert!(
        told[0]["window_expires_at"].as_str() < told[1]["window_expires_at"].as_str(),
        "{told:?}"
    );
}

#[both_databases]
async fn nobody_is_told_of_a_window_that_has_ended(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", at(&test, 0), "Are you open?")).await;
    test.receive(&text(BEN, "wamid.2", at(&test, -25 * 60), "late news"))
        .await;
    test.advance(TimeDelta::hours(25));
    assert_eq!(emit_window_closing(&test.app).await.unwrap(), 0);
}

#[both_databases]
async fn how_long_before_is_the_operators_to_say(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", at(&test, 0), "Are you open?")).await;
    test.advance(TimeDelta::hours(12) + TimeDelta::minutes(1));
    let never = test.configured(|config| config.sending.window_closing = None);
    assert_eq!(emit_window_closing(&never).await.unwrap(), 0);
    let early = test.configured(|config| config.sending.window_closing = Some(TimeDelta::hours(12)));
    assert_eq!(emit_window_closing(&early).await.unwrap(), 1);
}

#[both_databases]
async fn more_windows_than_fit_a_page_are_all_told_of(test: TestApp) {
    let now = at(&test, 0);
    for n in 0..12 {
        let people: Vec<_> = (0..100).map(|m| format!("49151{:07}", n * 100 + m)).collect();
        let messages: Vec<_> = people
            .iter()
            .map(|phone| {
                json!({ "from": phone, "id": format!("wamid.{phone}"),
            "timestamp": now.to_string(), "type": "text", "text": { "body": "hi" } })
            })
            .collect();
        let contacts: Vec<_> = people
            .iter()
            .map(|phone| json!({ "wa_id": phone, "profile": { "name": phone } }))
            .collect();
        test.receive(&crate::support::webhook::change(
            "messages",
            json!({ "contacts": contacts, "messages": messages }),
        ))
        .await;
    }
    test.advance(TimeDelta::minutes(23 * 60 + 30));
    // Two workers at once share them.
    let (one, other) = tokio::join!(emit_window_closing(&test.app), emit_window_closing(&test.app));
    assert_eq!(
        one.unwrap() + other.unwrap() + emit_window_closing(&test.app).await.unwrap(),
        1_200
    );
    assert_eq!(of_type(&test, CLOSING).await.len(), 1_200);
}
