//! After a rotation the old master key opens nothing that is left in the database or in its files.

use mainstay::{
    config::Secret,
    crypto::{Keyring, SealingKey},
    domain::Ctx,
    tenancy::{self, NewChannel, TenantService},
};
use mainstay_test_macros::both_databases;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::support::{
    app::{NUMBER, TestApp, WABA},
    http::Client,
};

/// Every column that may hold sealed bytes. New columns of bytes are found by [`columns`].
const KNOWN: [(&str, &str); 8] = [
    ("channels", "access_token"),
    ("channels", "app_secret"),
    ("channels", "credentials"),
    ("endpoints", "headers"),
    ("endpoints", "previous_secret"),
    ("endpoints", "secret"),
    ("idempotency_keys", "answer"),
    ("tenants", "sealed_key"),
];

async fn rows(test: &TestApp, table: &str, column: &str) -> Vec<Vec<u8>> {
    let sql: &'static str =
        Box::leak(format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL").into_boxed_str());
    let rows: Vec<(Vec<u8>,)> = test.app.db.reader().sql(sql, ()).all().await.unwrap();
    rows.into_iter().map(|(bytes,)| bytes).collect()
}

/// Every column of bytes of every table.
async fn columns(test: &TestApp) -> Vec<(String, String)> {
    const SQLITE: &str = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND c.type = 'BYTEA'";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' AND data_type = 'bytea'";
    let sql = if test.app.db.is_postgres() { POSTGRES } else { SQLITE };
    test.app.db.reader().sql(sql, ()).all().await.unwrap()
}

async fn sealed(test: &TestApp) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (table, column) in KNOWN {
        all.extend(
            rows(test, table, column)
                .await
                .into_iter()
                .filter(|bytes| !bytes.is_empty()),
        );
    }
    all
}

/// The bytes of the files behind the tables.
async fn files(test: &TestApp) -> Vec<u8> {
    if !test.app.db.is_postgres() {
        let file = mainstay::db::sqlite_file(&test.app.config.database_url).unwrap();
        let log = std::fs::read(format!("{}-wal", file.display())).unwrap_or_default();
        return [std::fs::read(file).unwrap(), log].concat();
    }
    let mainstay::db::Db::Postgres { pool, .. } = &test.app.db else {
        unreachable!()
    };
    sqlx::query("CHECKPOINT").execute(pool).await.unwrap();
    let mut all = Vec::new();
    for table in ["tenants", "channels", "endpoints", "idempotency_keys"] {
        let main = format!("SELECT pg_read_binary_file(pg_relation_filepath('{table}'))");
        let (bytes,): (Vec<u8>,) = sqlx::query_as(AssertSqlSafe(main)).fetch_one(pool).await.unwrap();
        all.extend(bytes);
        let toast = format!(
            "SELECT pg_read_binary_file(pg_relation_filepath(reltoastrelid)) FROM pg_class WHERE oid = '{table}'::regclass AND reltoastrelid <> 0"
        );
        let toast: Option<(Vec<u8>,)> = sqlx::query_as(AssertSqlSafe(toast)).fetch_optional(pool).await.unwrap();
        all.extend(toast.into_iter().flat_map(|(bytes,)| bytes));
    }
    all
}

/// Whether the middle of a sealed secret is in the bytes: a long one may be in several pieces.
fn holds(files: &[u8], sealed: &[u8]) -> bool {
    let part = &sealed[5..sealed.len().min(45)];
    files.windows(part.len()).any(|at| at == part)
}

#[both_databases]
async fn what_the_old_master_key_opened_is_nowhere(test: TestApp) {
    let known: Vec<(String, String)> = KNOWN
        .iter()
        .map(|(table, column)| ((*table).to_owned(), (*column).to_owned()))
        .collect();
    let plain = ["digest", "fingerprint", "hook_digest", "sha256", "body", "jobs"];
    for (table, column) in columns(&test).await {
        let is_known = known.contains(&(table.clone(), column.clone())) || plain.contains(&column.as_str());
        assert!(
            is_known,
            "{table}.{column}: say here whether it is sealed, and reseal it"
        );
    }

    let client = Client::tenant(&test);
    let body =
        json!({ "url": "https://example.com/", "event_types": ["*"], "headers": { "authorization": "Bearer x" } });
    let made = client.post_keyed("/api/v1/endpoints", "made", &body).await;
    let uri = format!("/api/v1/endpoints/{}", made.json()["id"].as_str().unwrap());
    client
        .post_keyed(&format!("{uri}/secret/rotate"), "rotated", &json!(null))
        .await
        .ok();
    let gone = client.post("/api/v1/endpoints", body).await.json();
    let with_secret = NewChannel {
        phone_number_id: NUMBER.to_owned(),
        waba_id: WABA.to_owned(),
        access_token: Secret::new("EAAG-of-before"),
        app_secret: Some(Secret::new("app secret")),
    };
    let added = tenancy::add_channel(&test.registry, &Ctx::operator(test.tenant), with_secret)
        .await
        .unwrap();
    let old = test.registry.keyring.clone();
    let old_tenant_key = {
        let bytes = rows(&test, "tenants", "sealed_key").await.remove(0);
        let opened = old.open(&format!("tenant-key {}", test.tenant), &bytes).unwrap();
        SealingKey::new(opened[..].try_into().unwrap())
    };
    // What a provider other than Meta needs.
    let credentials = old_tenant_key.seal(&format!("credentials {}", added.id), br#"{"authkey":"of before"}"#);
    const CREDENTIALS: &str = "UPDATE channels SET credentials = $2 WHERE id = $1";
    let stored = test.app.db.sql(CREDENTIALS, (added.id, credentials)).run().await;
    assert_eq!(stored.unwrap(), 1);
    let mut before = sealed(&test).await;
    assert_eq!(
        before.len(),
        11,
        "two answers, and one of everything else, and another endpoint"
    );
    // Replaced and deleted before the rotation: in no column any more, and still in the files.
    test.add_channel(test.tenant, NUMBER, WABA).await;
    client
        .delete(&format!("/api/v1/endpoints/{}", gone["id"].as_str().unwrap()))
        .await;
    before.extend(sealed(&test).await);
    let bytes = files(&test).await;
    assert!(before.iter().any(|secret| holds(&bytes, secret)), "the files are read");

    let new = Keyring::generate();
    let both = Keyring::parse(&format!("{new},{}", test.master_key)).unwrap();
    let registry = TenantService {
        keyring: both,
        ..test.registry.clone()
    };
    let rotated = tenancy::rotate_keys(&registry).await.unwrap();
    assert_eq!((rotated.tenants, rotated.channels, rotated.answers), (1, 1, 2));
    assert!(tenancy::vacuum_replaced(&registry).await.unwrap());

    for bytes in sealed(&test).await {
        assert!(
            old.needs_resealing(&bytes) && !old_tenant_key.has_sealed(&bytes),
            "the old keys know of it"
        );
    }
    let bytes = files(&test).await;
    let left = before.iter().filter(|secret| holds(&bytes, secret)).count();
    assert_eq!(left, 0, "of {} secrets", before.len());
    // Whoever asks again is still answered.
    let only_new = test.configured(|config| config.keyring = Keyring::parse(&new).unwrap());
    let client = Client::of(&only_new).with(&test.key);
    let again = client
        .post_keyed(&format!("{uri}/secret/rotate"), "rotated", &json!(null))
        .await
        .ok();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}
