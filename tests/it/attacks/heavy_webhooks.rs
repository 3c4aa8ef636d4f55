//! Webhooks that are rightly signed and made to cost more than their length.

use std::time::{Duration, Instant};

use mainstay::{
    db::Sql,
    domain::{Id, RawEventId},
    inbound,
};
use mainstay_sim::SimConfig;
use mainstay_test_macros::{both_databases, both_sizes};
use serde_json::{Value, json};

use super::memory::peak;
use crate::{
    faults::{http::Client, ledgers::count},
    support::{
        app::{TestApp, WABA},
        deployment::Deployment,
        wait::wait_until,
        webhook::{ANA, BEN, T0, change, message, text},
    },
};

const DEADLINE: Duration = Duration::from_secs(60);

/// One webhook with so many messages; those whose number is in the list are refused by the database.
fn many(count: usize, poisonous: &[usize]) -> Value {
    let mut value = message(
        ANA,
        "wamid.m0",
        T0,
        json!({ "type": "text", "text": { "body": "one of many" } }),
    );
    let first = value["messages"][0].clone();
    let each = |n: usize| {
        let mut message = first.clone();
        let word = if poisonous.contains(&n) { "poison" } else { "m" };
        message["id"] = json!(format!("wamid.{word}{n}"));
        message
    };
    value["messages"] = (0..count).map(each).collect();
    change("messages", value)
}

/// Makes the database refuse messages, as a broken index or a bug would.
async fn poison(test: &TestApp) {
    const SQLITE: &str = "
        CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.wamid LIKE 'wamid.poison%'
        BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    const POSTGRES: &str = "ALTER TABLE messages ADD CONSTRAINT poison CHECK (wamid NOT LIKE 'wamid.poison%')";
    test.app.db.sql(Sql::each(SQLITE, POSTGRES), ()).run().await.unwrap();
}

async fn cure(test: &TestApp) {
    const SQLITE: &str = "DROP TRIGGER poison";
    const POSTGRES: &str = "ALTER TABLE messages DROP CONSTRAINT poison";
    test.app.db.sql(Sql::each(SQLITE, POSTGRES), ()).run().await.unwrap();
}

#[both_databases]
async fn a_webhook_of_many_messages_is_applied_in_slices_and_once(test: TestApp) {
    let id = test.receive(&many(2_500, &[])).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2_500);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done' AND fields = 'messages'")
            .await,
        1
    );
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 2_500);
    mainstay::records::raw_events::make_due(test.app.db.writer(), &[id], Some(test.app.clock.now()))
        .await
        .unwrap();
    test.process_all(1).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2_500);
    assert_eq!(test.count("SELECT unread_count FROM conversations").await, 2_500);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'message.received'")
            .await,
        2_500
    );
}

#[both_databases]
async fn of_many_items_those_that_are_refused_cost_only_themselves(test: TestApp) {
    poison(&test).await;
    let id = test.store(many(2_500, &[0, 1_001, 2_499]).to_string()).await;
    let begun = Instant::now();
    let failures = inbound::process(&test.app.inbound, &[id]).await.failures;
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "it is halved, not tried item by item: {:?}",
        begun.elapsed()
    );
    assert_eq!(
        failures.iter().map(|it| (it.event, it.transient)).collect::<Vec<_>>(),
        [(id, false)]
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2_497);
    cure(&test).await;
    test.process_all(1).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 2_500);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE state = 'done'").await,
        1
    );
}

#[both_databases]
async fn more_items_than_are_taken_are_told_of(test: TestApp) {
    let odd = format!(r#"{{"object":"x","entry":[{}]}}"#, vec!["1"; 30_000].join(","));
    let odd = test.store(odd).await;
    test.receive(&text(BEN, "wamid.1", T0, "hello")).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM unrecognized_items WHERE reason = 'wrong_shape'")
            .await,
        20_000
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM unrecognized_items WHERE reason = 'too_many_items'")
            .await,
        1
    );
    let (state,): (String,) = test
        .app
        .db
        .sql("SELECT state FROM raw_events WHERE id = $1", (odd.uuid(),))
        .one()
        .await
        .unwrap();
    assert_eq!(state, "done");
}

#[both_databases]
async fn a_limit_told_thousands_of_times_is_written_once_and_the_last_one_holds(test: TestApp) {
    for n in 0..60 {
        test.add_channel(test.tenant, &format!("9{n:014}"), WABA).await;
    }
    let told =
        |n: usize| json!({ "field": "business_capability_update", "value": { "max_daily_conversation_per_phone": n } });
    let changes: Vec<Value> = (0..900)
        .map(|n| told([250, 2_000, 10_000][n % 3]))
        .chain([told(2_000)])
        .collect();
    let body =
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": WABA, "time": T0, "changes": changes }] });
    let begun = Instant::now();
    test.receive(&body).await;
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "54,000 writes would take longer: {:?}",
        begun.elapsed()
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM portfolios WHERE daily_limit = 2000")
            .await,
        1
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM portfolios").await, 1);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM events WHERE type = 'account.capability_changed'")
            .await,
        901
    );
}

#[both_databases]
async fn short_webhooks_do_not_wait_for_long_ones(test: TestApp) {
    let long: Vec<RawEventId> = vec![
        test.store(many(1_000, &[]).to_string()).await,
        test.store(many(1_000, &[]).to_string()).await,
    ];
    let short = test.store(text(BEN, "wamid.1", T0, "hello").to_string()).await;
    // As if as many long ones as may be were in hand of other jobs.
    let places = test.app.inbound.long_webhooks.acquire_many(2).await.unwrap();
    let report = inbound::process(&test.app.inbound, &[long[0], long[1], short]).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.postponed, long);
    assert_eq!(
        inbound::process(&test.app.inbound, &long[..1]).await.postponed,
        long[..1],
        "one by itself neither"
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1);
    drop(places);
    test.process_all(64).await;
    assert_eq!(test.count("SELECT COUNT(*) FROM messages").await, 1_001);
}

/// Bodies of 3 MB, each of a kind that once took minutes or gigabytes.
fn heavy() -> Vec<String> {
    const BYTES: usize = 3_000_000;
    let change =
        |value: String| format!(r#"{{"entry":[{{"id":"1","changes":[{{"field":"messages","value":{{{value}}}}}]}}]}}"#);
    let shared = "x".repeat(BYTES / 4);
    let messages = vec![r#"{"id":"m","from":"1"}"#; BYTES / 2 / 22].join(",");
    let contacts: Vec<String> = (0..BYTES / 2 / 30).map(|n| format!(r#"{{"wa_id":"9{n}"}}"#)).collect();
    vec![
        format!(r#"{{"object":"x","entry":[{}]}}"#, vec!["1"; BYTES / 2].join(",")),
        format!(r#"{{"entry":[{{"changes":[{}]}}]}}"#, vec!["1"; BYTES / 2].join(",")),
        format!(r#"{{"entry":[{}]}}"#, vec!["{}"; BYTES / 3].join(",")),
        change(format!(r#""messages":[{}]"#, vec!["{}"; BYTES / 3].join(","))),
        change(format!(
            r#""contacts":[{{"wa_id":"1","profile":{{"name":"{shared}"}}}}],"messages":[{messages}]"#
        )),
        change(format!(
            r#""contacts":[{}],"messages":[{messages}]"#,
            contacts.join(",")
        )),
    ]
}

#[both_sizes]
async fn heavy_webhooks_neither_stop_the_others_nor_fill_the_memory(mut deployment: Deployment) {
    deployment.start().await;
    let worker = deployment.worker_id();
    let (client, db, secret) = (
        Client::of(&deployment),
        deployment.db().await,
        SimConfig::default().app_secret,
    );
    let bodies = heavy();
    let heavy = bodies.len() as i64;
    for body in bodies {
        assert_eq!(client.post_signed(body, &secret).await.status, 200);
    }
    let mut slowest = Duration::ZERO;
    for n in 0..100 {
        let begun = Instant::now();
        let body = crate::support::webhook::to(
            &SimConfig::default().phone_number_id,
            "messages",
            message(
                BEN,
                &format!("wamid.{n}"),
                T0 + n,
                json!({
            "type": "text", "text": { "body": "hello" } }),
            ),
        );
        assert_eq!(client.post_signed(body.to_string(), &secret).await.status, 200);
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "a webhook waited {slowest:?}");
    let begun = Instant::now();
    wait_until(DEADLINE, "the others are processed", async || {
        count(&db, "SELECT COUNT(*) FROM messages WHERE wamid LIKE 'wamid.%'").await == 100
    })
    .await;
    println!(
        "slowest acknowledgement {slowest:?}, others visible after {:?}",
        begun.elapsed()
    );
    wait_until(DEADLINE, "the heavy ones are settled", async || {
        count(
            &db,
            "SELECT COUNT(*) FROM raw_events WHERE state IN ('done', 'quarantined')",
        )
        .await
            == 100 + heavy
    })
    .await;
    let peak = peak(worker);
    println!("peak of the worker: {peak} MB");
    assert!(peak < 500, "{peak} MB");
    deployment.assert_running();
    db.close().await;
}
