//! Databases of a test's own. All but those of a whole installation are copies of one that is migrated when the first is asked for.

use std::{path::Path, sync::Mutex};

use mainstay::db::Db;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

use super::{folder::Folder, servers::shared_postgres_url};

/// Where an installation's file lies in its folder. Nothing is there yet.
pub fn sqlite_url(folder: &Folder) -> String {
    format!("sqlite://{}", folder.path().join("mainstay.db").display())
}

/// A migrated file in the folder.
pub async fn migrated_sqlite(folder: &Folder) -> String {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let bytes = MIGRATED.get_or_init(async || {
        let folder = Folder::new("template");
        migrate(&sqlite_url(&folder)).await;
        let log = folder.path().join("mainstay.db-wal");
        assert!(!log.exists(), "the file is whole without its log");
        std::fs::read(folder.path().join("mainstay.db")).expect("the file was made")
    });
    let path: &Path = &folder.path().join("mainstay.db");
    std::fs::write(path, bytes.await).expect("the folder of the test is writable");
    sqlite_url(folder)
}

/// An empty database on the shared server, which goes with the folder.
pub async fn empty_postgres(folder: &Folder) -> String {
    create_postgres(folder, "").await
}

/// A migrated database on the shared server, which goes with the folder.
pub async fn migrated_postgres(folder: &Folder) -> String {
    static MIGRATED: OnceCell<(String, Folder)> = OnceCell::const_new();
    let (template, _) = MIGRATED
        .get_or_init(async || {
            let folder = Folder::new("template");
            let url = empty_postgres(&folder).await;
            migrate(&url).await;
            let options: PgConnectOptions = url.parse().expect("it is an address");
            (
                options.get_database().expect("it names the database").to_owned(),
                folder,
            )
        })
        .await;
    create_postgres(folder, &format!("TEMPLATE {template} STRATEGY FILE_COPY")).await
}

/// Those of tests that are over. Whoever makes the next database removes them: each takes 10 MB, perhaps of memory.
static NO_LONGER_USED: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn no_longer_used(databases: &mut Vec<String>) {
    let mut all = NO_LONGER_USED.lock().expect("nobody panics with it");
    all.append(databases);
}

async fn create_postgres(folder: &Folder, options: &str) -> String {
    let server: PgConnectOptions = shared_postgres_url().parse().expect("TEST_POSTGRES_URL is an address");
    let mut conn = PgConnection::connect_with(&server)
        .await
        .expect("the shared PostgreSQL answers");
    let old = std::mem::take(&mut *NO_LONGER_USED.lock().expect("nobody panics with it"));
    for name in old {
        // What is left of its test's connections ends; a database that stays all the same is no reason to fail another test.
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        let _ = sqlx::query(AssertSqlSafe(sql)).execute(&mut conn).await;
    }
    let name = format!("t_{}", uuid::Uuid::now_v7().simple());
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} {options}")))
        .execute(&mut conn)
        .await
        .expect("a database");
    folder.add_database(name.clone());
    server.database(&name).to_url_lossy().to_string()
}

async fn migrate(url: &str) {
    let db = Db::open(url, 1).await.expect("the database opens");
    db.migrate().await.expect("the migrations run");
    db.close().await;
}
