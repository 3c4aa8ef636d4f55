//! What a verdict rests on.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::domain::Status;
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{begin, items, show, verified, work};
use crate::support::{
    app::TestApp,
    http::Client,
    webhook::{ANA, T0, text},
};

/// Number, verdict, tier, evidence.
fn summary(item: &Value) -> (Option<&str>, &str, i64, &str) {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    assert_eq!(item["tier"] == 2, item["evidence_at"].is_string(), "{item:#}");
    assert!(item["checked_at"].is_string(), "{item:#}");
    (
        item["number"].as_str(),
        text("verdict"),
        item["tier"].as_i64().unwrap(),
        text("evidence"),
    )
}

/// A message to a number that ended so, so many days ago.
async fn message(test: &TestApp, phone: &str, status: Status, code: Option<i64>, days: i64) {
    let client = Client::tenant(test);
    let channel = client.get("/api/v1/channels").await.ok().json()["data"][0]["id"].clone();
    let message = json!({ "channel_id": channel, "to": { "phone": phone }, "type": "text", "text": { "body": "Hello" },
        "if_window_closed": "queue" });
    let answer = client.post("/api/v1/messages", message).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text());
    let id: mainstay::domain::MessageId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    const END: &str = "UPDATE messages SET status = $2, status_rank = $3, error_code = $4, sent_at = $5 WHERE id = $1";
    let at: DateTime<Utc> = test.app.clock.now() - TimeDelta::days(days);
    test.app
        .db
        .sql(END, (id, status, status.rank(), code, at))
        .run()
        .await
        .unwrap();
}

const UNDELIVERABLE: Option<i64> = Some(131_026);

#[both_databases]
async fn a_verdict_rests_on_what_is_known_and_says_what_it_is(test: TestApp) {
    test.receive(&text(ANA, "wamid.1", T0, "Hi")).await;
    message(&test, "+4915123456701", Status::Delivered, None, 3).await;
    message(&test, "+4915123456702", Status::Failed, UNDELIVERABLE, 9).await;
    message(&test, "+4915123456702", Status::Failed, UNDELIVERABLE, 1).await;
    message(&test, "+4915123456703", Status::Failed, UNDELIVERABLE, 5).await;
    message(&test, "+4915123456703", Status::Failed, UNDELIVERABLE, 1).await;
    message(&test, "+4915123456704", Status::Failed, UNDELIVERABLE, 9).await;
    message(&test, "+4915123456704", Status::Read, None, 4).await;
    message(&test, "+4915123456704", Status::Failed, UNDELIVERABLE, 1).await;
    message(&test, "+4915123456705", Status::Failed, Some(131_047), 9).await;
    message(&test, "+4915123456705", Status::Failed, Some(131_047), 1).await;
    let numbers = [
        // The other way to write Ana's number.
        "+54 11 2345-6789",
        "+54 9 11 2345-6789",
        "0151 23456701",
        "0151/23456702",
        "+4915123456703",
        "+4915123456704",
        "+4915123456705",
        "+4930123456",
        "+1 415 555 2671",
        "=1+1",
        "9.19E+11",
        "12",
    ];
    let found = verified(&test, json!({ "numbers": numbers, "default_country": "de" })).await;
    let found: Vec<_> = found.iter().map(summary).collect();
    assert_eq!(
        found,
        [
            (Some("+541123456789"), "reachable", 2, "wrote"),
            (Some("+4915123456701"), "reachable", 2, "delivered"),
            (Some("+4915123456702"), "unreachable", 2, "undeliverable"),
            (Some("+4915123456703"), "valid", 1, "numbering_plan"),
            (Some("+4915123456704"), "reachable", 2, "read"),
            (Some("+4915123456705"), "valid", 1, "numbering_plan"),
            (Some("+4930123456"), "valid", 1, "numbering_plan"),
            (Some("+14155552671"), "valid", 1, "numbering_plan"),
            (None, "invalid", 1, "characters"),
            (None, "invalid", 1, "scientific"),
            (None, "invalid", 1, "too_short"),
        ]
    );
}

#[both_databases]
async fn what_was_found_out_counts_for_thirty_days_unless_somebody_wants_it_anew(test: TestApp) {
    let (client, phone) = (Client::tenant(&test), "+4915123456701");
    let known = async |fresh: bool| {
        let found = verified(&test, json!({ "numbers": [phone], "fresh": fresh })).await;
        let verdict = found[0]["verdict"].as_str().unwrap().to_owned();
        (
            verdict,
            found[0]["checked_at"]
                .as_str()
                .unwrap()
                .parse::<DateTime<Utc>>()
                .unwrap(),
        )
    };
    let first = known(false).await;
    assert_eq!(first.0, "valid");
    message(&test, phone, Status::Delivered, None, 0).await;
    test.advance(TimeDelta::days(29));
    assert_eq!(known(false).await, first, "it is 29 days old, and says so");
    let (verdict, at) = known(true).await;
    assert_eq!(verdict, "reachable");
    assert!(at > first.1);
    test.advance(TimeDelta::days(31));
    assert!(known(false).await.1 > at, "it is found out again");
    let id = begin(&client, json!({ "numbers": [phone, "+4915123456799"] })).await;
    work(&test.app).await;
    assert_eq!(show(&client, &id).await["cached"], 1);
    let without = test.configured(|config| config.verification_cache = TimeDelta::zero());
    let client = Client::of(&without).with(&test.key);
    let id = begin(&client, json!({ "numbers": [phone] })).await;
    work(&without).await;
    assert_eq!(show(&client, &id).await["cached"], 0);
}

#[both_databases]
async fn numbers_are_listed_by_verdict_and_exported_inert(test: TestApp) {
    let client = Client::tenant(&test);
    let given = [
        "=HYPERLINK(1)",
        "+49 151 23456701",
        "0049 30 123456",
        "@x",
        "+49 151 23456701",
    ];
    let id = begin(&client, json!({ "numbers": given })).await;
    let waiting = items(&client, &id, "").await;
    assert_eq!(waiting.len(), 4);
    assert!(
        waiting.iter().all(|it| it["verdict"].is_null() && it["tier"].is_null()),
        "{waiting:#?}"
    );
    work(&test.app).await;
    let shown = show(&client, &id).await;
    let count = |name: &str| shown[name].as_i64().unwrap();
    assert_eq!(
        [
            "numbers",
            "duplicates",
            "checked",
            "invalid",
            "valid",
            "reachable",
            "unreachable"
        ]
        .map(count),
        [4, 1, 4, 2, 2, 0, 0]
    );
    let valid = items(&client, &id, "limit=1&verdict=valid").await;
    let lines: Vec<_> = valid.iter().map(|it| (&it["country"], &it["line"])).collect();
    assert_eq!(
        lines,
        [(&json!("DE"), &json!("mobile")), (&json!("DE"), &json!("landline"))]
    );
    assert_eq!(items(&client, &id, "verdict=reachable").await.len(), 0);
    for wrong in ["verdict=good", "verdicts=valid"] {
        let answer = client.get(&format!("{}/{id}/items?{wrong}", super::PATH)).await;
        assert_eq!(answer.status.as_u16(), 400, "{wrong}");
    }
    let csv = client.get(&format!("{}/{id}/export", super::PATH)).await.ok().text();
    let mut rows = csv.lines();
    assert_eq!(
        rows.next(),
        Some("input,number,country,line,verdict,tier,evidence,evidence_at,checked_at")
    );
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[0].starts_with("'=HYPERLINK(1),,,,invalid,1,characters,,2"),
        "{}",
        rows[0]
    );
    assert!(rows[1].contains(",DE,mobile,valid,1,numbering_plan,,2"), "{}", rows[1]);
    assert!(rows[3].starts_with("'@x,"), "{}", rows[3]);
}
