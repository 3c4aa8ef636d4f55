//! A tenant with more contacts than a request scans.

use chrono::TimeDelta;
use mainstay::{
    contacts::segments::{SEGMENT_COUNTS, count_in_turns},
    db::Db,
    domain::{Id, TaskId, TenantId},
    queue::{self, Outcome},
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{app::TestApp, http::Client};

/// More than five windows on either database.
const MANY: i64 = 101_000;

/// Stores contacts, of which the oldest three are in France.
async fn store_many(db: &Db, tenant: TenantId) {
    const POSTGRES: &str = "
        INSERT INTO contacts (tenant_id, id, kind, name, country, created_at, updated_at)
        SELECT $1, ('0193' || LPAD(TO_HEX(n), 28, '0'))::UUID, 'person', 'Ana', CASE WHEN n <= 3 THEN 'FR' ELSE 'DE' END,
            '2026-01-01Z', '2026-01-01Z'
        FROM generate_series(1, $2) n";
    const SQLITE: &str = "
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $2)
        INSERT INTO contacts (tenant_id, id, kind, name, country, created_at, updated_at)
        SELECT $1, UNHEX('0193' || PRINTF('%028x', n)), 'person', 'Ana', CASE WHEN n <= 3 THEN 'FR' ELSE 'DE' END,
            '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00'
        FROM n";
    let sql = if db.is_postgres() { POSTGRES } else { SQLITE };
    db.sql(sql, (tenant, MANY)).run().await.expect("they are stored");
}

#[both_databases]
async fn a_page_ends_after_some_windows_and_the_next_goes_on_from_there(test: TestApp) {
    store_many(&test.app.db, test.tenant).await;
    let client = Client::tenant(&test);
    let list = "/api/v1/contacts?filter=country%20%3D%20%22FR%22&limit=2";
    let first = client.get(list).await.ok().json();
    assert_eq!(first["data"], json!([]), "none among those that were scanned");
    let (mut requests, mut found) = (1, Vec::new());
    let mut cursor = first["next_cursor"].clone();
    while let Some(next) = cursor.as_str() {
        let page = client.get(&format!("{list}&cursor={next}")).await.ok().json();
        found.extend(page["data"].as_array().unwrap().iter().map(|it| it["id"].clone()));
        requests += 1;
        cursor = page["next_cursor"].clone();
    }
    let id = |n: u128| json!(format!("con_0193{n:028x}"));
    assert_eq!(found, [id(3), id(2), id(1)]);
    let requested = if test.app.db.is_postgres() { 3 } else { 4 };
    assert_eq!(requests, requested, "a page of two, and one of the last");
    let all = client
        .get("/api/v1/contacts?filter=country%20is%20known&limit=2")
        .await
        .ok()
        .json();
    assert_eq!(all["data"][0]["id"], id(MANY as u128));
}

/// A segment of all contacts, which a request cannot count.
async fn count_asked_for(test: &TestApp) -> (Client, String, i64) {
    store_many(&test.app.db, test.tenant).await;
    let client = Client::tenant(test);
    let segment = json!({ "name": "All", "filter": "country is known" });
    let made = client.post("/api/v1/segments", segment).await.created().json();
    let path = format!("/api/v1/segments/{}/count", made["id"].as_str().unwrap());
    let scanned = if test.app.db.is_postgres() { 100_000 } else { 50_000 };
    let part = json!({ "count": scanned, "complete": false, "counting": true });
    for _ in 0..2 {
        let asked = client.post_nothing(&path).await;
        assert_eq!(asked.status.as_u16(), 202);
        assert_eq!(standing(&asked.json()), part);
    }
    (client, path, scanned)
}

/// A count without its time.
fn standing(shown: &Value) -> Value {
    json!({ "count": shown["count"], "complete": shown["complete"], "counting": shown["counting"] })
}

/// Works on the only count as a worker does.
async fn work(test: &TestApp) {
    let app = &test.app;
    let ids: Vec<(Uuid,)> = app
        .db
        .sql("SELECT id FROM tasks WHERE finished_at IS NULL", ())
        .all()
        .await
        .unwrap();
    let [(id,)] = ids[..] else { panic!("{ids:?}") };
    let now = app.clock.now();
    let leases = queue::claim(
        app.db.writer(),
        &SEGMENT_COUNTS,
        &[id],
        now + TimeDelta::seconds(15),
        now,
    )
    .await;
    assert_eq!(leases.unwrap().len(), 1, "it is due");
    let ended = count_in_turns(&app.contacts, TaskId::from_uuid(id)).await.unwrap();
    assert_eq!(ended, Outcome::Settled);
}

#[both_databases]
async fn a_worker_counts_what_a_request_cannot_and_goes_on_where_another_was(test: TestApp) {
    let (client, path, scanned) = count_asked_for(&test).await;
    let nothing = json!({ "count": null, "complete": false, "counting": true });
    assert_eq!(
        standing(&client.get(&path).await.ok().json()),
        nothing,
        "a part is not kept"
    );
    work(&test).await;
    let all = json!({ "count": MANY, "complete": true, "counting": false });
    assert_eq!(standing(&client.get(&path).await.ok().json()), all);

    // The next one was interrupted after its first step, and that had found ten times as many.
    assert_eq!(client.post_nothing(&path).await.status.as_u16(), 202);
    let before = format!("con_0193{:028x}", MANY - scanned + 1);
    let so_far = json!({ "count": scanned * 10, "before": before }).to_string();
    let noted = "UPDATE tasks SET position = 1, counts = $1 WHERE finished_at IS NULL";
    test.app.db.sql(noted, (so_far,)).run().await.unwrap();
    test.advance(TimeDelta::seconds(1));
    work(&test).await;
    let both = json!({ "count": MANY + scanned * 9, "complete": true, "counting": false });
    assert_eq!(standing(&client.get(&path).await.ok().json()), both);
}

#[both_databases]
async fn a_count_of_a_filter_that_has_changed_is_not_kept(test: TestApp) {
    let (client, path, _) = count_asked_for(&test).await;
    let other = json!({ "filter": "country = \"FR\"" });
    client.patch(path.trim_end_matches("/count"), other).await.ok();
    work(&test).await;
    let nothing = json!({ "count": null, "complete": false, "counting": false });
    assert_eq!(standing(&client.get(&path).await.ok().json()), nothing);
}

#[both_databases]
async fn ten_segments_are_counted_at_once(test: TestApp) {
    let (client, path, _) = count_asked_for(&test).await;
    let copies = "
        INSERT INTO tasks (id, tenant_id, kind, subject, spec, created_at, created_by, due_at)
        SELECT $1, tenant_id, kind, id, spec, created_at, created_by, due_at FROM tasks WHERE subject <> id LIMIT 1";
    for _ in 0..9 {
        test.app.db.sql(copies, (Uuid::new_v4(),)).run().await.unwrap();
    }
    assert_eq!(
        client.post_nothing(&path).await.status.as_u16(),
        202,
        "it is among them"
    );
    test.app
        .db
        .sql("UPDATE tasks SET subject = id", ())
        .run()
        .await
        .unwrap();
    let refused = client.post_nothing(&path).await;
    assert_eq!(refused.problem(409), "wrong-state");
    assert!(refused.text().contains("at most 10 counts"), "{}", refused.text());
}
