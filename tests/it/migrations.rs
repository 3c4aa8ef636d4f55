//! Databases of releases, which each later version migrates and reads, and the tables that the data model names.

use std::collections::{BTreeMap, BTreeSet};

use mainstay::db::Db;
use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::support::{
    app::TestApp,
    databases::{empty_postgres, sqlite_url},
    folder::Folder,
    http::Client,
    webhook::{ANA, T0, text},
};

const SQLITE: &str = include_str!("../fixtures/databases/0.1.0.sqlite.sql");
const POSTGRES: &str = include_str!("../fixtures/databases/0.1.0.postgres.sql");

#[tokio::test]
async fn a_sqlite_database_of_0_1_0_is_migrated_and_read() {
    let folder = Folder::new("release");
    let url = sqlite_url(&folder);
    let mut conn = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    sqlx::raw_sql(SQLITE).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    is_migrated_and_read(SQLITE, url, folder).await;
}

#[tokio::test]
async fn a_postgres_database_of_0_1_0_is_migrated_and_read() {
    let folder = Folder::new("release");
    let url = empty_postgres(&folder).await;
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(POSTGRES).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    is_migrated_and_read(POSTGRES, url, folder).await;
}

/// What a comment at the beginning of a dump says.
fn note<'d>(dump: &'d str, name: &str) -> &'d str {
    let mut lines = dump.lines();
    lines
        .find_map(|line| line.strip_prefix(name))
        .expect("the dump says so")
}

async fn is_migrated_and_read(dump: &str, url: String, folder: Folder) {
    let db = Db::open(&url, 1).await.unwrap();
    db.migrate().await.expect("the migrations run");
    assert_eq!(db.pending_migrations().await.unwrap(), 0);
    db.close().await;

    let (master_key, key) = (note(dump, "-- Master key: "), note(dump, "-- API key: "));
    let test = TestApp::on_existing(&url, folder, master_key, key).await;
    let client = Client::tenant(&test);
    let list = async |uri: &str| -> Vec<Value> {
        let page = client.get(uri).await.ok().json();
        page["data"].as_array().expect("data is a list").clone()
    };
    let messages = list("/api/v1/messages").await;
    let texts: BTreeSet<&str> = messages.iter().filter_map(|it| it["text"].as_str()).collect();
    assert_eq!(texts, BTreeSet::from(["Good morning", "Hello"]), "{messages:#?}");
    let [contact] = &list("/api/v1/contacts").await[..] else {
        panic!("there is one contact")
    };
    assert_eq!(contact["name"], "Ana");
    assert_eq!(list("/api/v1/conversations").await.len(), 1);
    assert_eq!(list("/api/v1/channels").await.len(), 1);
    assert_eq!(list("/api/v1/endpoints").await.len(), 1);
    let events = list("/api/v1/events?after=0").await;
    assert!(events.iter().any(|it| it["type"] == "message.received"), "{events:#?}");

    // Work goes on where it was: the contact is the same, its conversation grows.
    test.receive(&text(ANA, "wamid.later", T0 + 60, "Again")).await;
    assert_eq!(list("/api/v1/messages").await.len(), messages.len() + 1);
    assert_eq!(list("/api/v1/contacts").await.len(), 1);
}

#[tokio::test]
async fn the_data_model_names_every_table_and_no_column_that_is_not_there() {
    let document = include_str!("../../docs/data-model.md");
    let columns = columns().await;
    let mut named = BTreeSet::new();
    for diagram in document.split("```mermaid").skip(1) {
        let mut table = "";
        for line in diagram.split("```").next().unwrap().lines().map(str::trim) {
            if let Some(name) = line.strip_suffix(" {") {
                table = name;
                named.insert(name.to_owned());
            } else if line == "}" {
                table = "";
            } else if !table.is_empty() {
                let column = line.split(' ').nth(1).unwrap();
                let known = columns.get(table).is_some_and(|it| it.contains(column));
                assert!(known, "{table}.{column} is not there");
            }
        }
    }
    assert_eq!(named, columns.keys().cloned().collect(), "tables of the diagrams");
    let owners = document.split("## Owners and retention").nth(1).unwrap();
    let owners = owners.split("## State columns").next().unwrap();
    for table in &named {
        assert!(owners.contains(&format!("`{table}`")), "{table} has no owner");
    }
}

/// The columns of every table.
async fn columns() -> BTreeMap<String, BTreeSet<String>> {
    const SQL: &str = "
        SELECT t.name, c.name FROM sqlite_master t CROSS JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'";
    let test = TestApp::sqlite().await;
    let rows: Vec<(String, String)> = test.app.db.sql(SQL, ()).all().await.unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, column) in rows {
        found.entry(table).or_default().insert(column);
    }
    found
}
