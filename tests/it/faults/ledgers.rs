//! What Meta's side was promised, against what is stored.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use mainstay::db::Db;
use mainstay_sim::{Ledger, Simulator, Source};

use crate::support::{deployment::Deployment, wait::wait_until};

/// How long the last of a run may take to be processed: the jobs of a killed worker are given to others within 30 seconds.
const DEADLINE: Duration = Duration::from_secs(90);

/// Words of payments, which come among the statuses of messages and are none.
const PAYMENT: [&str; 2] = ["pending", "captured"];

/// Waits until nothing is left to be done, then compares: everything that was generated was acknowledged in the end, and is stored
/// exactly once; nothing is dead; nothing forged is there.
pub async fn compare(deployment: &Deployment, simulator: &Simulator) {
    let db = deployment.db().await;
    settle(&db).await;
    let ledger = simulator.ledger();
    assert_eq!(ledger.totals.forged_accepted, 0, "{:?}", ledger.totals);
    assert!(
        ledger.is_complete() && ledger.totals.bodies_given_up == 0,
        "Meta redelivers until all is acknowledged: {:?}",
        ledger.totals
    );
    compare_webhooks(&db, &ledger).await;
    compare_messages(&db, simulator, &ledger).await;
    compare_statuses(&db, simulator, &ledger).await;
    compare_events(&db, simulator, &ledger).await;
    db.close().await;
}

/// Waits until every stored webhook was worked on and every status has met its message.
pub async fn settle(db: &Db) {
    const OPEN: &str = "SELECT COUNT(*) FROM raw_events WHERE state IN ('pending', 'running')";
    const APART: &str = "
        SELECT COUNT(*) FROM message_statuses s JOIN messages m ON m.channel_id = s.channel_id AND m.wamid = s.wamid
        WHERE s.message_id IS NULL";
    wait_until(DEADLINE, "every stored webhook is processed", async || {
        count(db, OPEN).await == 0
    })
    .await;
    wait_until(DEADLINE, "statuses have met their messages", async || {
        count(db, APART).await == 0
    })
    .await;
}

pub async fn count(db: &Db, sql: &'static str) -> i64 {
    let (count,): (i64,) = db.reader().sql(sql, ()).one().await.expect("the database answers");
    count
}

/// A webhook may be stored twice, when its answer was lost on the way; never less than once, and never for nothing.
async fn compare_webhooks(db: &Db, ledger: &Ledger) {
    let rows: Vec<(String, Option<String>, i64)> = db
        .reader()
        .sql(
            "SELECT state, last_error, COUNT(*) FROM raw_events GROUP BY state, last_error",
            (),
        )
        .all()
        .await
        .unwrap();
    for (state, error, count) in &rows {
        // What is for a number nobody has waits for it; everything else is done.
        let well = state == "done" || state == "quarantined";
        assert!(well, "{count} webhooks are {state}: {error:?}");
    }
    let stored: i64 = rows.iter().map(|(_, _, count)| count).sum();
    let answered = ledger.totals.answers.get(&200).copied().unwrap_or(0) + ledger.totals.garbage_accepted;
    assert!(
        stored.unsigned_abs() >= answered,
        "{answered} webhooks were answered 200, {stored} are stored"
    );
}

async fn compare_messages(db: &Db, simulator: &Simulator, ledger: &Ledger) {
    let number = &simulator.config().phone_number_id;
    let own = ledger
        .acknowledged_messages()
        .filter(|it| &it.phone_number_id == number);
    let told: BTreeSet<String> = own.map(|message| message.wamid.clone()).collect();
    let rows: Vec<(String,)> = db.reader().sql("SELECT wamid FROM messages", ()).all().await.unwrap();
    let stored: Vec<String> = rows.into_iter().map(|(wamid,)| wamid).collect();
    assert!(!told.is_empty(), "there were messages");
    assert_same("message", &told, &stored);
    let forged = ledger.forged_wamids.iter().filter(|wamid| stored.contains(wamid));
    assert_eq!(forged.count(), 0, "messages of forged webhooks are stored");
}

type StatusKey = (String, String, i64, String);

async fn compare_statuses(db: &Db, simulator: &Simulator, ledger: &Ledger) {
    let number = &simulator.config().phone_number_id;
    let told: BTreeSet<StatusKey> = ledger
        .acknowledged_statuses()
        .filter(|it| &it.phone_number_id == number && !PAYMENT.contains(&it.status.as_str()))
        .map(|it| {
            let participant = it.participant.clone().unwrap_or_default();
            (it.wamid.clone(), it.status.clone(), it.timestamp, participant)
        })
        .collect();
    let rows: Vec<(String, String, DateTime<Utc>, String)> = db
        .reader()
        .sql(
            "SELECT wamid, status, occurred_at, participant FROM message_statuses",
            (),
        )
        .all()
        .await
        .unwrap();
    let stored: Vec<StatusKey> = rows
        .into_iter()
        .map(|(wamid, status, at, participant)| (wamid, status, at.timestamp(), participant))
        .collect();
    assert_same("status", &told, &stored);
}

/// What happened is told once: a message or a status that was processed twice would show here.
async fn compare_events(db: &Db, simulator: &Simulator, ledger: &Ledger) {
    let number = &simulator.config().phone_number_id;
    let own = ledger
        .acknowledged_messages()
        .filter(|it| &it.phone_number_id == number);
    let news: BTreeSet<String> = own
        .filter(|message| message.source != Source::History)
        .map(|message| message.wamid.clone())
        .collect();
    const TOLD: &str = "
        SELECT data FROM events WHERE type IN ('message.received', 'message.edited', 'message.revoked', 'message.echoed')";
    let told: Vec<(String,)> = db.reader().sql(TOLD, ()).all().await.unwrap();
    let wamid = |(data,): (String,)| {
        let data: serde_json::Value = serde_json::from_str(&data).expect("events are JSON");
        data["message"]["wamid"].as_str().expect("with a wamid").to_owned()
    };
    assert_same(
        "event of message",
        &news,
        &told.into_iter().map(wamid).collect::<Vec<_>>(),
    );
    let joined = count(db, "SELECT COUNT(*) FROM message_statuses WHERE message_id IS NOT NULL").await;
    const STATUSES: &str = "
        SELECT COUNT(*) FROM events
        WHERE type LIKE 'message.%'
            AND type NOT IN ('message.received', 'message.edited', 'message.revoked', 'message.echoed')";
    let events = count(db, STATUSES).await;
    assert_eq!(events, joined, "each status of a known message is told once");
}

/// The stored, each once, are the told.
fn assert_same<K: Ord + Clone + std::fmt::Debug>(what: &str, told: &BTreeSet<K>, stored: &[K]) {
    let mut times: BTreeMap<&K, usize> = BTreeMap::new();
    for key in stored {
        *times.entry(key).or_default() += 1;
    }
    let some = |keys: Vec<&K>| {
        format!(
            "{}, e.g. {:?}",
            keys.len(),
            keys.into_iter().take(3).collect::<Vec<_>>()
        )
    };
    let lost: Vec<&K> = told.iter().filter(|key| !times.contains_key(key)).collect();
    let strange: Vec<&K> = times.keys().copied().filter(|key| !told.contains(key)).collect();
    let twice: Vec<&K> = times
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(key, _)| *key)
        .collect();
    assert!(
        lost.is_empty() && strange.is_empty() && twice.is_empty(),
        "of {} each {what} — lost: {}; never told: {}; more than once: {}",
        told.len(),
        some(lost),
        some(strange),
        some(twice),
    );
}
