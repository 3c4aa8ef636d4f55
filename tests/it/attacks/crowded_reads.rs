//! One tenant's searches, many at a time, beside another tenant's reads and webhooks.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use mainstay::{
    db::{Db, PoolLimits, Sql, is_statement_timeout},
    domain::{Id, TenantId},
    tenancy,
};
use mainstay_test_macros::both_databases;

use crate::support::{
    app::TestApp,
    databases::{migrated_postgres, migrated_sqlite},
    folder::Folder,
    http::Client,
    wait::wait_until,
    webhook::{ANA, T0, text},
};

/// Searches that are always under way.
const CROWD: usize = 100;
const MEASURED: usize = 20;
const SEARCH: &str = "/api/v1/conversations?q=zebra";
/// Before, a read of another's waited for a hundred searches: seconds.
const QUICK: Duration = Duration::from_millis(1_000);

/// Gives a tenant as many conversations as one search reads.
async fn conversations(test: &TestApp, tenant: TenantId) {
    const NUMBERS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)";
    // An id that is a function of the number: both databases take 32 hexadecimal digits in their own way.
    let id = match test.app.db.is_postgres() {
        true => "CAST(LPAD(TO_HEX(i), 32, '0') AS UUID)",
        false => "UNHEX(PRINTF('%032x', i))",
    };
    let now = test.app.clock.now();
    let contacts = format!(
        "{NUMBERS} INSERT INTO contacts (tenant_id, id, kind, name, created_at, updated_at)
         SELECT $1, {id}, 'person', 'Customer number ' || i, $2, $2 FROM n"
    );
    let all = format!(
        "{NUMBERS} INSERT INTO conversations (tenant_id, id, channel_id, contact_id, last_message_at, last_message_wamid,
             last_message_direction, last_message_type, last_message_text, unread_count, created_at, updated_at)
         SELECT $1, {id}, {id}, {id}, $2, 'wamid', 'inbound', 'text', 'What does it cost to send a parcel to number ' || i, 0, $2, $2 FROM n"
    );
    for sql in [contacts, all] {
        test.app.db.sql(Sql::built(sql), (tenant, now)).run().await.unwrap();
    }
}

#[both_databases]
async fn a_crowd_of_searches_slows_nobody_else(test: TestApp) {
    conversations(&test, test.tenant).await;
    let (_, key) = tenancy::create_tenant(&test.registry, "Another").await.unwrap();
    let (crowd, another) = (Client::tenant(&test), Client::of(&test.app).with(key.token.expose()));
    let began = Instant::now();
    crowd.get(SEARCH).await.ok();
    let alone = began.elapsed();
    let (over, done, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let searcher = async || {
        while !over.load(Ordering::Relaxed) {
            let answer = crowd.get(SEARCH).await;
            match answer.status.as_u16() {
                200 => done.fetch_add(1, Ordering::Relaxed),
                429 => {
                    assert_eq!(answer.problem(429), "too-many-reads");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                    // As a client that is told to wait would, if for less.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    refused.fetch_add(1, Ordering::Relaxed)
                }
                503 => refused.fetch_add(1, Ordering::Relaxed),
                status => panic!("{status}: {}", answer.text()),
            };
        }
    };
    let measure = async || {
        wait_until(Duration::from_secs(60), "searches are done", async || {
            done.load(Ordering::Relaxed) > 4
        })
        .await;
        let (mut reads, mut webhooks) = (Vec::new(), Vec::new());
        for n in 0..MEASURED {
            let began = Instant::now();
            another.get("/api/v1/conversations").await.ok();
            reads.push(began.elapsed());
            let began = Instant::now();
            another
                .signed(&text(ANA, &format!("wamid.{n}"), T0, "hello").to_string())
                .await
                .ok();
            webhooks.push(began.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        reads.sort_unstable();
        webhooks.sort_unstable();
        (reads, webhooks)
    };
    let searchers = futures::future::join_all((0..CROWD).map(|_| searcher()));
    let (_, (reads, webhooks)) = tokio::join!(searchers, measure());
    println!(
        "one search alone {alone:?}; beside {CROWD}: reads p50 {:?} most {:?}, webhooks p50 {:?} most {:?}; {} done, {} refused",
        reads[MEASURED / 2],
        reads[MEASURED - 1],
        webhooks[MEASURED / 2],
        webhooks[MEASURED - 1],
        done.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed)
    );
    assert!(reads[MEASURED * 3 / 4] < QUICK, "{reads:?}");
    assert!(webhooks[MEASURED * 3 / 4] < QUICK, "{webhooks:?}");
    assert!(refused.load(Ordering::Relaxed) > 0, "the line of one tenant has an end");
}

#[both_databases]
async fn searches_whose_callers_are_gone_hold_no_connection_for_long(test: TestApp) {
    conversations(&test, test.tenant).await;
    let client = Client::tenant(&test);
    for _ in 0..40 {
        // Gone at once, in the middle of whatever it was at.
        let _ = tokio::time::timeout(Duration::from_millis(3), client.get(SEARCH)).await;
    }
    let began = Instant::now();
    client.get("/api/v1/channels").await.ok();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Counts to a number that no database reaches in time.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT CAST(COUNT(*) AS BIGINT) FROM n";

async fn a_reader_has_its_time_and_no_more(url: &str) {
    let connections = PoolLimits {
        read_limit: Duration::from_millis(200),
        ..2.into()
    };
    let db = Db::open(url, connections).await.unwrap();
    let tenant = TenantId::from_uuid(uuid::Uuid::now_v7());
    for _ in 0..5 {
        let began = Instant::now();
        let mut tx = db.begin_read_as(tenant).await.unwrap();
        let endless = tx.sql(ENDLESS, ()).one::<(i64,)>().await;
        assert!(endless.as_ref().is_err_and(is_statement_timeout), "{endless:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
        tx.rollback().await.unwrap();
        let mut tx = db.begin_read_as(tenant).await.unwrap();
        let (one,): (i64,) = tx.sql("SELECT CAST(1 AS BIGINT)", ()).one().await.unwrap();
        assert_eq!(one, 1, "the connection is as good as new");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_of_sqlite_has_its_time_and_no_more() {
    let folder = Folder::new("limit");
    a_reader_has_its_time_and_no_more(&migrated_sqlite(&folder).await).await;
}

#[tokio::test]
async fn a_reader_of_postgres_has_its_time_and_no_more() {
    let folder = Folder::new("limit");
    a_reader_has_its_time_and_no_more(&migrated_postgres(&folder).await).await;
}
