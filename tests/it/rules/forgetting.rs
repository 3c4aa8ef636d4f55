use std::collections::BTreeMap;

use chrono::TimeDelta;
use mainstay::{
    domain::{AttemptId, ContactId, MessageId},
    housekeeping,
    messaging::store::sends,
    records::{
        idempotency::{self, KeyedRequest},
        portfolios::{self, PortfolioKey, Recipient},
    },
};
use mainstay_test_macros::{both_databases, both_sizes};

use mainstay_sim::{Fault, FaultRule};
use serde_json::{Value, json};

use crate::{
    sending::world::{DEADLINE, World},
    support::{app::TestApp, http::Client, wait::wait_until, webhook::change},
};

/// Stores messages of which so much is known, with work that ended in this state so many days ago.
async fn ended(test: &TestApp, count: i64, state: &'static str, status: &'static str, days: i64) {
    const MESSAGE: &str = "
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status, status_rank,
            payload, sent_at, received_at)
        VALUES ($1, $2, $2, $2, $2, $3, 'outbound', 'api', 'text', $4, 0, '{}', $5, $5)";
    const SEND: &str = "
        INSERT INTO sends (id, tenant_id, channel_id, lane, queue_lane, recipient_kind, recipient, type, content, options, created_at, state,
            due_at, finished_at)
        VALUES ($2, $1, $2, 0, 0, 'phone', '15550200001', 'text', '{}', '{}', $4, $3, $4, $5)";
    let at = test.app.clock.now() - TimeDelta::days(days);
    let mut tx = test.app.db.begin().await.unwrap();
    for n in 0..count {
        let id: MessageId = test.app.clock.new_id();
        // Some end together.
        let finished = at + TimeDelta::microseconds(n / 7);
        let finished = (state != "pending").then_some(finished);
        tx.sql(MESSAGE, (test.tenant, id, format!("wamid.{id}"), status.to_owned(), at))
            .run()
            .await
            .unwrap();
        tx.sql(SEND, (test.tenant, id, state.to_owned(), at, finished))
            .run()
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[both_sizes]
async fn a_message_is_shown_whole_when_its_work_is_forgotten(world: World) {
    let ana = world.customer(0).await;
    world.fault(FaultRule::new(Fault::error(130_429)).times(1));
    let id = world.send(world.text(&ana.wa_id, "long ago")).await;
    world.until(&id, "read").await;
    wait_until(DEADLINE, "its work is done", async || {
        world.number("SELECT COUNT(*) FROM sends WHERE state = 'done'").await == 1
    })
    .await;
    let all_told =
        |it: &Value| World::outcomes(it) == ["rejected", "accepted"] && it["statuses"].as_array().unwrap().len() == 3;
    let before = world.until_is(&id, "everything is known of it", all_told).await;
    let app = &world.running.app;
    app.clock.advance(TimeDelta::days(29));
    housekeeping::clean_up(app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 1);
    app.clock.advance(TimeDelta::days(2));
    housekeeping::clean_up(app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM sends").await, 0);
    let mut whole = before.clone();
    whole["lane"] = Value::Null;
    assert_eq!(world.message(&id).await, whole, "all but how urgent it was");

    // A status finds it all the same, by the attempt and by the wamid; nothing is done about a failure any more.
    let told = |word: &str, more: Value| {
        let mut report = json!({ "id": before["wamid"], "status": word, "timestamp": app.clock.now().timestamp().to_string(),
            "recipient_id": ana.wa_id, "biz_opaque_callback_data": before["attempts"][1]["id"] });
        report
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        change("messages", json!({ "statuses": [report] })).to_string()
    };
    let failed = told(
        "failed",
        json!({ "errors": [{ "code": 131_031, "title": "Account has been locked" }] }),
    );
    for webhook in [failed, told("played", json!({}))] {
        assert_eq!(world.client.signed(&webhook).await.status.as_u16(), 200);
    }
    let count = before["statuses"].as_array().unwrap().len();
    let both = |it: &Value| it["status"] == "played" && it["statuses"].as_array().unwrap().len() == count + 2;
    world.until_is(&id, "both are kept", both).await;
    for path in [format!("messages/{id}/cancel"), format!("messages/{id}/resolve")] {
        assert_eq!(
            world.post(&path, json!({ "resolution": "resend" })).await.problem(409),
            "wrong-state"
        );
    }
    world.end().await;
}

#[both_databases]
async fn the_work_of_messages_is_forgotten_a_month_after_its_end(test: TestApp) {
    ended(&test, 1_300, "done", "read", 40).await;
    ended(&test, 600, "done", "failed", 31).await;
    ended(&test, 3, "dead", "failed", 40).await;
    // What is kept back, what a person gave up and may take up again, what is young, what waits.
    let stays = [
        ("quarantined", "queued", 40),
        ("quarantined", "unknown", 41),
        ("discarded", "queued", 40),
        ("dead", "queued", 39),
        ("done", "read", 29),
        ("pending", "queued", 40),
    ];
    for (state, status, days) in stays {
        ended(&test, 2, state, status, days).await;
    }
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count("SELECT COUNT(*) FROM sends").await, 12);
    assert_eq!(test.count("SELECT COUNT(*) FROM sends WHERE state = 'done'").await, 2);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM messages").await,
        1_915,
        "the messages stay"
    );
    let less = test.configured(|config| config.retention.sends = TimeDelta::days(7));
    housekeeping::clean_up(&less).await.unwrap();
    assert_eq!(test.count("SELECT COUNT(*) FROM sends").await, 10);
}

#[both_databases]
async fn a_message_whose_work_was_just_removed_is_not_made_to_wait_for_it(test: TestApp) {
    ended(&test, 2, "done", "failed", 1).await;
    let ids: Vec<(MessageId,)> = test
        .app
        .db
        .sql("SELECT id FROM messages ORDER BY id", ())
        .all()
        .await
        .unwrap();
    test.app
        .db
        .sql("DELETE FROM sends WHERE id = $1", (ids[0].0,))
        .run()
        .await
        .unwrap();
    let now = test.app.clock.now();
    let again: Vec<_> = ids.iter().map(|(id,)| (test.tenant, *id, now)).collect();
    let queued = sends::requeue(test.app.db.writer(), &again, &mut Default::default())
        .await
        .unwrap();
    assert_eq!(queued.into_iter().collect::<Vec<_>>(), [ids[1].0]);
    let statuses: Vec<(String,)> = test
        .app
        .db
        .sql("SELECT status FROM messages ORDER BY id", ())
        .all()
        .await
        .unwrap();
    assert_eq!(statuses, [("failed".to_owned(),), ("queued".to_owned(),)]);
}

#[both_databases]
async fn keys_are_forgotten_after_a_day(test: TestApp) {
    let key = |name: &str| KeyedRequest {
        tenant: test.tenant,
        key: name.to_owned(),
        digest: [7; 32],
        message: test.app.clock.new_id::<MessageId>(),
    };
    let claim = async |name: &str| {
        let now = test.app.clock.now();
        let claimed = idempotency::claim(test.app.db.writer(), &[key(name)], now - TimeDelta::hours(24), now)
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);
    };
    claim("old").await;
    test.advance(TimeDelta::hours(20));
    claim("young").await;
    test.advance(TimeDelta::hours(5));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(
        test.count("SELECT COUNT(*) FROM idempotency_keys WHERE key = 'old'")
            .await,
        0
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM idempotency_keys WHERE key = 'young'")
            .await,
        1
    );
}

#[both_databases]
async fn customers_are_forgotten_who_were_not_written_to_for_a_day(test: TestApp) {
    let key = PortfolioKey {
        portfolio: "506914307656634".to_owned(),
        tenant: test.tenant,
    };
    let write = async |count: usize| {
        let recipient = |_| Recipient {
            key: key.clone(),
            contact: test.app.clock.new_id::<ContactId>(),
            attempt: test.app.clock.new_id::<AttemptId>(),
            sends: 1,
        };
        let recipients: Vec<Recipient> = (0..count).map(recipient).collect();
        let mut tx = test.app.db.begin().await.unwrap();
        portfolios::add(tx.on(), &BTreeMap::from([(key.clone(), count as i64)]))
            .await
            .unwrap();
        portfolios::count(tx.on(), &recipients, test.app.clock.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    write(4_100).await;
    test.advance(TimeDelta::hours(12));
    write(3).await;
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count("SELECT used FROM portfolios").await, 4_103);
    test.advance(TimeDelta::hours(13));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count("SELECT used FROM portfolios").await, 3);
    assert_eq!(test.count("SELECT COUNT(*) FROM portfolio_recipients").await, 3);
}

#[both_databases]
async fn what_a_merge_did_is_forgotten_after_half_a_year_and_its_redirect_is_not(test: TestApp) {
    let client = Client::tenant(&test);
    let mut ids = Vec::new();
    for phone in ["+4915123456781", "+4915123456782"] {
        let made = client
            .post("/api/v1/contacts", json!({ "phone": phone }))
            .await
            .created()
            .json();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let merge = format!("/api/v1/contacts/{}/merge", ids[0]);
    client.post(&merge, json!({ "from": ids[1] })).await.ok();
    for (days, kept) in [(179, 1), (2, 0)] {
        test.advance(TimeDelta::days(days));
        housekeeping::clean_up(&test.app).await.unwrap();
        assert_eq!(test.count("SELECT COUNT(*) FROM contact_merges").await, kept);
    }
    let old = client.get(&format!("/api/v1/contacts/{}", ids[1])).await;
    assert_eq!(old.status.as_u16(), 308);
}
