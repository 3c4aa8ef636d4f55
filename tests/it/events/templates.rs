use chrono::{DateTime, TimeDelta, Utc};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::{of_type, schema};
use crate::{
    support::app::{TestApp, WABA},
    templates::news,
};

const META: u64 = 1_689_556_908_129_832;

async fn known(test: &TestApp, at: DateTime<Utc>) {
    news::known(test, &META.to_string(), "order_update", at).await;
}

fn news(field: &str, at: DateTime<Utc>, mut value: Value) -> Value {
    value["message_template_id"] = json!(META);
    value["message_template_name"] = json!("order_update");
    value["message_template_language"] = json!("en_US");
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "time": at.timestamp(), "changes": [{ "field": field, "value": value }] }] })
}

fn status(event: &str, at: DateTime<Utc>) -> Value {
    news(
        "message_template_status_update",
        at,
        json!({ "event": event, "reason": "NONE" }),
    )
}

#[both_databases]
async fn a_template_that_changes_is_told_once_with_what_it_was(test: TestApp) {
    let start = test.app.clock.now();
    known(&test, start).await;
    let later = start + TimeDelta::seconds(10);
    for (event, at) in [
        ("APPROVED", later),
        ("APPROVED", later),
        ("PENDING", start - TimeDelta::seconds(60)),
        ("PAUSED", later + TimeDelta::seconds(5)),
    ] {
        test.receive(&status(event, at)).await;
    }
    let told = of_type(&test, "template.status_changed").await;
    let words: Vec<_> = told
        .iter()
        .map(|it| (it["previous_status"].as_str().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    assert_eq!(words, [("PENDING", "APPROVED"), ("APPROVED", "PAUSED")]);
    assert_eq!(told[0]["template"]["name"], "order_update");
    assert!(told[0]["template"]["id"].as_str().unwrap().starts_with("tpl_"));

    let quality = json!({ "previous_quality_score": "GREEN", "new_quality_score": "YELLOW" });
    let announced = json!({ "new_category": "UTILITY", "correct_category": "MARKETING", "category_update_timestamp": (later + TimeDelta::days(1)).timestamp() });
    let done = json!({ "previous_category": "UTILITY", "new_category": "MARKETING" });
    for _ in 0..2 {
        test.receive(&news(
            "message_template_quality_update",
            later + TimeDelta::seconds(6),
            quality.clone(),
        ))
        .await;
    }
    test.receive(&news(
        "template_category_update",
        later + TimeDelta::seconds(7),
        announced,
    ))
    .await;
    test.receive(&news("template_category_update", later + TimeDelta::seconds(8), done))
        .await;
    let told = of_type(&test, "template.quality_changed").await;
    assert_eq!(
        (told.len(), &told[0]["quality"], &told[0]["previous_quality"]),
        (1, &json!("YELLOW"), &json!("GREEN"))
    );
    let told = of_type(&test, "template.category_changed").await;
    assert_eq!(
        (&told[0]["category"], &told[0]["announced_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
    assert_eq!(
        (&told[1]["category"], &told[1]["previous_category"]),
        (&json!("MARKETING"), &json!("UTILITY"))
    );
    schema::told(&test.app.db).await;
}

#[both_databases]
async fn what_is_said_of_a_template_that_nobody_knows_is_told_as_it_was_said(test: TestApp) {
    test.receive(&status("PAUSED", test.app.clock.now())).await;
    test.receive(&status("FLAGGED", test.app.clock.now())).await;
    let told = of_type(&test, "template.status_changed").await;
    assert_eq!(
        (
            &told[0]["status"],
            &told[0]["previous_status"],
            &told[0]["template"]["id"]
        ),
        (&json!("PAUSED"), &json!(null), &json!(null))
    );
    assert_eq!(
        (&told[1]["status"], &told[1]["template"]["meta_id"]),
        (&json!("FLAGGED"), &json!(META.to_string()))
    );
}
