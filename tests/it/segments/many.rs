//! A tenant with more contacts than a request scans.

use mainstay::{db::Db, domain::TenantId};
use mainstay_test_macros::both_databases;
use serde_json::json;

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
    let segment = json!({ "name": "All", "filter": "country is known" });
    let made = client.post("/api/v1/segments", segment).await.created().json();
    let count = format!("/api/v1/segments/{}/count", made["id"].as_str().unwrap());
    let counted = client.post_nothing(&count).await.ok().json();
    let scanned = if test.app.db.is_postgres() { 100_000 } else { 50_000 };
    assert_eq!(
        (&counted["count"], &counted["complete"]),
        (&json!(scanned), &json!(false))
    );
    assert_eq!(
        client.get(&count).await.ok().json()["count"],
        json!(null),
        "a part is not kept"
    );
}
