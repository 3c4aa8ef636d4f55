//! A tenant whose data is kept for a shorter time than the installation's.

use chrono::TimeDelta;
use mainstay::{
    domain::{EventId, MediaId, MessageId},
    housekeeping, tenancy,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use crate::support::{
    app::TestApp,
    http::{Answer, Client},
    webhook::{ANA, BEN, T0, change, message, status_to, text},
};

const MESSAGES: &str = "SELECT COUNT(*) FROM messages";

/// Asks for a retention of the tenant.
async fn keep(test: &TestApp, retention: Value) -> Answer {
    let path = format!("/admin/tenants/{}", test.tenant);
    let change = json!({ "retention": retention });
    Client::operator(&test.app).patch(&path, change).await
}

/// A day later everything too old is removed.
async fn a_day_later(test: &TestApp) {
    test.advance(TimeDelta::days(1));
    housekeeping::clean_up(&test.app).await.unwrap();
}

/// Stores an outbound message of which so much is known, with a send and an attempt.
async fn sent(test: &TestApp, wamid: &str, status: &str) {
    const MESSAGE: &str = "
        INSERT INTO messages (tenant_id, id, channel_id, conversation_id, contact_id, wamid, direction, origin, type, status, status_rank,
            payload, sent_at, received_at)
        SELECT tenant_id, $1, channel_id, conversation_id, contact_id, $2, 'outbound', 'api', 'text', $3, 20, '{}', sent_at, received_at
        FROM messages WHERE wamid = 'wamid.text'";
    const SEND: &str = "
        INSERT INTO sends (id, tenant_id, channel_id, lane, queue_lane, recipient_kind, recipient, type, content, options, created_at, state,
            due_at, finished_at)
        SELECT id, tenant_id, channel_id, 0, 0, 'phone', '1', 'text', '{}', '{}', sent_at, 'dead', sent_at, received_at
        FROM messages WHERE wamid = $1";
    const ATTEMPT: &str = "
        INSERT INTO send_attempts (id, message_id, tenant_id, channel_id, number, outcome, started_at)
        SELECT id, id, tenant_id, channel_id, 1, 'accepted', sent_at FROM messages WHERE wamid = $1";
    let id: MessageId = test.app.clock.new_id();
    let args = (id, wamid.to_owned(), status.to_owned());
    test.app.db.sql(MESSAGE, args).run().await.unwrap();
    for sql in [SEND, ATTEMPT] {
        test.app.db.sql(sql, (wamid.to_owned(),)).run().await.unwrap();
    }
}

#[both_databases]
async fn messages_go_with_all_that_belongs_to_them(test: TestApp) {
    let client = Client::tenant(&test);
    test.receive(&text(ANA, "wamid.text", T0, "my address is …")).await;
    let file = json!({ "type": "document", "document": { "id": "7", "filename": "passport.pdf" } });
    test.receive(&change("messages", message(ANA, "wamid.file", T0 + 1, file)))
        .await;
    sent(&test, "wamid.sent", "sent").await;
    sent(&test, "wamid.open", "unknown").await;
    test.receive(&status_to(ANA, "wamid.sent", "read", T0 + 9)).await;
    let shown = client.get("/api/v1/messages").await.ok().json();
    let media = shown["data"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|it| it["media_id"].as_str());
    let media = format!("/api/v1/media/{}", media.expect("one has a file"));
    let conversation = client.get("/api/v1/conversations").await.ok().json()["data"][0]["id"].clone();
    let conversation = format!("/api/v1/conversations/{}", conversation.as_str().unwrap());
    test.advance(TimeDelta::days(7));
    test.receive(&text(BEN, "wamid.later", T0 + 7 * 86_400, "later")).await;

    let kept = keep(&test, json!({ "messages": 8 })).await.ok().json();
    assert_eq!(
        kept["retention"],
        json!({ "messages": 8, "media": null, "events": null })
    );
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count(MESSAGES).await, 5, "none is eight days old");
    a_day_later(&test).await;
    a_day_later(&test).await;
    let left = client.get("/api/v1/messages").await.ok().json();
    let left: Vec<&Value> = left["data"].as_array().unwrap().iter().map(|it| &it["wamid"]).collect();
    assert_eq!(left, ["wamid.later", "wamid.open"], "the outcome of one is open");
    for (sql, of_the_open) in [
        ("SELECT COUNT(*) FROM message_statuses", 0),
        ("SELECT COUNT(*) FROM sends", 1),
        ("SELECT COUNT(*) FROM send_attempts", 1),
        (
            "SELECT COUNT(*) FROM media WHERE filename IS NOT NULL OR file_id IS NOT NULL",
            0,
        ),
    ] {
        assert_eq!(test.count(sql).await, of_the_open, "{sql}");
    }
    assert_eq!(client.get(&media).await.ok().json()["status"], "deleted");
    let shown = client.get(&conversation).await.ok().json();
    assert_eq!(shown["last_message"]["text"], Value::Null, "{shown}");

    // And for ever again.
    keep(&test, json!({ "messages": null })).await.ok();
    test.advance(TimeDelta::days(60));
    housekeeping::clean_up(&test.app).await.unwrap();
    assert_eq!(test.count(MESSAGES).await, 2);
}

#[both_databases]
async fn events_and_media_of_one_tenant_go_before_those_of_others(test: TestApp) {
    const MEDIA: &str = "
        INSERT INTO media (id, tenant_id, origin, kind, filename, received_at, lane, state, due_at)
        VALUES ($1, $2, 'api', 'document', 'a.pdf', $3, 0, 'done', $3)";
    const EVENT: &str = "
        INSERT INTO events (tenant_id, sequence, id, type, version, occurred_at, created_at, data) VALUES ($1, $2, $3, 'a', 1, $4, $4, '{}')";
    let rival = tenancy::create_tenant(&test.registry, "Rival").await.unwrap().0.id;
    for day in 0..4 {
        for tenant in [test.tenant, rival] {
            let (now, id): (_, MediaId) = (test.app.clock.now(), test.app.clock.new_id());
            test.app.db.sql(MEDIA, (id, tenant, now)).run().await.unwrap();
            let event: EventId = test.app.clock.new_id();
            test.app
                .db
                .sql(EVENT, (tenant, day + 1_000, event, now))
                .run()
                .await
                .unwrap();
        }
        test.advance(TimeDelta::days(1));
    }
    keep(&test, json!({ "media": 2, "events": 3 })).await.ok();
    housekeeping::clean_up(&test.app).await.unwrap();
    const LEFT: &str = "
        SELECT (SELECT COUNT(*) FROM media WHERE tenant_id = $1 AND deleted_at IS NULL),
            (SELECT COUNT(*) FROM events WHERE tenant_id = $1 AND sequence >= 1000)";
    let mut left = Vec::new();
    for tenant in [test.tenant, rival] {
        let counts: (i64, i64) = test.app.db.sql(LEFT, (tenant,)).one().await.unwrap();
        left.push(counts);
    }
    assert_eq!(left, [(1, 2), (4, 4)], "what is as old as that goes");
}

#[both_databases]
async fn a_retention_that_cannot_be_is_refused(test: TestApp) {
    for (asked, said) in [
        (
            json!({ "messages": 7 }),
            "messages are kept for 8 to 36500 days, not for 7",
        ),
        (json!({ "media": 366 }), "media are kept for 1 to 365 days"),
        (json!({ "events": 0 }), "events are kept for 1 to 30 days"),
        (json!({ "raw": 5 }), "use messages, media and events"),
    ] {
        let refused = keep(&test, asked).await;
        assert_eq!(refused.problem(400), "invalid-request");
        assert!(refused.text().contains(said), "{}", refused.text());
    }
    let listed = Client::operator(&test.app).get("/admin/tenants").await.ok().json();
    let nothing = json!({ "messages": null, "media": null, "events": null });
    assert_eq!(listed["data"][0]["retention"], nothing);
}
