//! What webhooks tell of templates, without Meta to ask.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    db::Tx,
    domain::{TemplateId, TemplateSyncId},
    queue::recurring,
    templates::{
        SYNCS,
        store::templates::{self, FetchedTemplate, StoredTemplate},
    },
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::app::{TestApp, WABA};

/// A template that waits to be approved.
pub async fn known(test: &TestApp, meta_id: &str, name: &str, at: DateTime<Utc>) -> TemplateId {
    let id = test.app.clock.new_id();
    let fetched = FetchedTemplate {
        id,
        meta_id: meta_id.to_owned(),
        name: name.to_owned(),
        language: "en_US".to_owned(),
        status: "PENDING".to_owned(),
        category: Some("UTILITY".to_owned()),
        previous_category: None,
        quality: None,
        parameter_format: None,
        components: "[]".to_owned(),
        rejected_reason: None,
        ttl_seconds: None,
    };
    templates::upsert(test.app.db.writer(), test.tenant, WABA, &[fetched], at)
        .await
        .unwrap();
    id
}

async fn row(test: &TestApp, id: TemplateId) -> StoredTemplate {
    templates::find(test.app.db.writer(), test.tenant, id)
        .await
        .unwrap()
        .expect("the template")
}

fn news(field: &str, at: DateTime<Utc>, mut value: Value) -> Value {
    value["message_template_id"] = json!(1_689_556_908_129_832_u64);
    value["message_template_name"] = json!("order_update");
    value["message_template_language"] = json!("en-US");
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "time": at.timestamp(), "changes": [{ "field": field, "value": value }] }] })
}

fn status(event: &str, at: DateTime<Utc>) -> Value {
    news(
        "message_template_status_update",
        at,
        json!({ "event": event, "reason": "NONE" }),
    )
}

const META: &str = "1689556908129832";

#[both_databases]
async fn what_is_told_changes_the_template_at_once_and_asks_for_one_sync(test: TestApp) {
    let start = test.app.clock.now();
    let id = known(&test, META, "order_update", start).await;
    let other = known(&test, "2", "another", start).await;
    test.receive(&status("APPROVED", start)).await;
    assert_eq!(row(&test, id).await.status, "APPROVED");
    let later = start + TimeDelta::seconds(10);
    test.receive(&news("message_template_status_update", later, json!({ "event": "REJECTED", "reason": "INVALID_FORMAT",
        "message_template_category": "MARKETING", "rejection_info": { "reason": "Its variables are odd.", "recommendation": "x" } }))).await;
    let rejected = row(&test, id).await;
    assert_eq!(
        (rejected.status.as_str(), rejected.category.as_deref()),
        ("REJECTED", Some("MARKETING"))
    );
    assert_eq!(
        (rejected.rejected_reason.as_deref(), rejected.status_detail.as_deref()),
        (Some("INVALID_FORMAT"), Some("Its variables are odd."))
    );
    test.receive(&news(
        "message_template_quality_update",
        later,
        json!({ "previous_quality_score": "GREEN", "new_quality_score": "YELLOW" }),
    ))
    .await;
    let soon = (later + TimeDelta::days(1)).timestamp();
    test.receive(&news(
        "template_category_update",
        later,
        json!({ "new_category": "MARKETING", "correct_category": "UTILITY", "category_update_timestamp": soon }),
    ))
    .await;
    let announced = row(&test, id).await;
    assert_eq!(
        (
            announced.quality.as_deref(),
            announced.category.as_deref(),
            announced.announced_category.as_deref()
        ),
        (Some("YELLOW"), Some("MARKETING"), Some("UTILITY"))
    );
    assert_eq!(announced.announced_category_at.map(|at| at.timestamp()), Some(soon));
    test.receive(&news(
        "template_category_update",
        later,
        json!({ "previous_category": "MARKETING", "new_category": "UTILITY" }),
    ))
    .await;
    let moved = row(&test, id).await;
    assert_eq!(
        (
            moved.category.as_deref(),
            moved.previous_category.as_deref(),
            moved.announced_category
        ),
        (Some("UTILITY"), Some("MARKETING"), None)
    );
    for (event, becomes) in [
        ("PAUSED", "PAUSED"),
        ("FLAGGED", "PAUSED"),
        ("NEVER_HEARD_OF", "PAUSED"),
        ("UNPAUSED", "APPROVED"),
        ("DISABLED", "DISABLED"),
        ("REINSTATED", "APPROVED"),
    ] {
        test.receive(&status(event, later)).await;
        assert_eq!(row(&test, id).await.status, becomes, "{event}");
    }
    assert_eq!(row(&test, other).await.status, "PENDING");
    let syncs: Vec<templates::TemplateSync> = templates::syncs_of_tenant(test.app.db.writer(), test.tenant)
        .await
        .unwrap();
    assert_eq!(syncs.len(), 1);
    assert!(
        syncs[0].due_at <= test.app.clock.now() + TimeDelta::seconds(5),
        "{syncs:?}"
    );
}

#[both_databases]
async fn late_news_changes_nothing_and_a_sync_does_not_undo_what_came_meanwhile(test: TestApp) {
    let start = test.app.clock.now();
    let id = known(&test, META, "order_update", start).await;
    test.receive(&status("PAUSED", start + TimeDelta::seconds(60))).await;
    test.receive(&status("APPROVED", start + TimeDelta::seconds(30))).await;
    assert_eq!(row(&test, id).await.status, "PAUSED");
    // A sync that began before read what was then.
    known(&test, META, "order_update", start + TimeDelta::seconds(40)).await;
    assert_eq!(row(&test, id).await.status, "PAUSED");
    let gone = templates::mark_missing_deleted(test.app.db.writer(), test.tenant, WABA, start + TimeDelta::seconds(50))
        .await
        .unwrap();
    assert_eq!(gone, [], "what changed after the sync began is left to the next");
    known(&test, META, "order_update", start + TimeDelta::seconds(90)).await;
    assert_eq!(row(&test, id).await.status, "PENDING");
    // News of a template that was deleted and made again under its name is not about the new one.
    known(&test, "77", "order_update", start + TimeDelta::seconds(100)).await;
    test.receive(&status("DELETED", start + TimeDelta::seconds(200))).await;
    assert_eq!(row(&test, id).await.status, "PENDING");
    // Where Meta gives no id, the name and the language say which.
    let mut by_name = status("APPROVED", start + TimeDelta::seconds(201));
    by_name["entry"][0]["changes"][0]["value"]
        .as_object_mut()
        .unwrap()
        .remove("message_template_id");
    test.receive(&by_name).await;
    assert_eq!(row(&test, id).await.status, "APPROVED");
    let gone =
        templates::mark_missing_deleted(test.app.db.writer(), test.tenant, WABA, start + TimeDelta::seconds(300))
            .await
            .unwrap();
    assert_eq!(gone, [(id,)]);
    assert_eq!(row(&test, id).await.status, "DELETED");
}

/// The sync is in a worker's hands.
async fn run(test: &TestApp, sync: TemplateSyncId) {
    const SQL: &str = "UPDATE template_syncs SET state = 'running', attempts = 1 WHERE id = $1";
    test.app.db.sql(SQL, (sync,)).run().await.unwrap();
}

async fn complete(test: &TestApp, sync: TemplateSyncId, began: DateTime<Utc>, next: DateTime<Utc>) {
    let lease = recurring::lease(test.app.db.writer(), &SYNCS, sync)
        .await
        .unwrap()
        .unwrap();
    let complete = async |tx: &mut Tx| templates::complete_sync(tx, lease, began, next).await;
    test.app.db.transaction(complete).await.unwrap();
}

#[both_databases]
async fn those_who_ask_within_a_moment_share_a_sync_and_none_is_forgotten(test: TestApp) {
    let order = templates::syncs_of_tenant(test.app.db.writer(), test.tenant)
        .await
        .unwrap()
        .remove(0);
    let library = &test.app.templates;
    let now = test.app.clock.now();
    library
        .request_sync(test.tenant, WABA, TimeDelta::seconds(5))
        .await
        .unwrap();
    let due = async || {
        templates::find_sync(test.app.db.writer(), order.id)
            .await
            .unwrap()
            .unwrap()
            .due_at
    };
    assert_eq!(due().await, order.due_at, "it is due already");
    run(&test, order.id).await;
    complete(&test, order.id, now + TimeDelta::seconds(1), now + TimeDelta::days(1)).await;
    assert_eq!(due().await, now + TimeDelta::days(1));
    test.advance(TimeDelta::seconds(60));
    library
        .request_sync(test.tenant, WABA, TimeDelta::seconds(5))
        .await
        .unwrap();
    let first = due().await;
    test.advance(TimeDelta::seconds(2));
    library
        .request_sync(test.tenant, WABA, TimeDelta::seconds(5))
        .await
        .unwrap();
    assert_eq!(due().await, first);
    // Asked for while it runs: it may have read too early, so it runs again.
    run(&test, order.id).await;
    let began = test.app.clock.now() - TimeDelta::seconds(1);
    library
        .request_sync(test.tenant, WABA, TimeDelta::seconds(5))
        .await
        .unwrap();
    complete(&test, order.id, began, began + TimeDelta::days(1)).await;
    assert!(due().await <= test.app.clock.now());
    assert_eq!(
        test.count("SELECT COUNT(*) FROM template_syncs WHERE state = 'pending'")
            .await,
        1
    );
}
