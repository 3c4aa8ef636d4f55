//! Who is worked on when, and how imports end before their time.

use chrono::TimeDelta;
use mainstay::{
    contacts::import,
    domain::{Id, ImportId},
    queue::Outcome,
};
use mainstay_test_macros::both_databases;
use serde_json::json;

use super::stage::{claim, counts, due, imported, people, rescue, show, upload, work};
use crate::support::{app::TestApp, http::Client};

const CSV: &str = "phone,name\n+4915123456701,Ann\n";

#[both_databases]
async fn one_import_of_a_tenant_runs_at_a_time_and_ten_wait(test: TestApp) {
    let mut ids = Vec::new();
    for _ in 0..11 {
        ids.push(upload(&test, "", CSV).await["id"].as_str().unwrap().to_owned());
    }
    let refused = Client::tenant(&test).csv("/api/v1/contacts/imports", CSV).await;
    assert_eq!(refused.problem(409), "too-many-imports");
    let second: ImportId = ids[1].parse().unwrap();
    claim(&test.app, second.uuid()).await;
    let outcome = import::run(&test.app.imports, second).await.unwrap();
    assert!(matches!(outcome, Outcome::Snooze { .. }), "{outcome:?}");
    rescue(&test.app, second.uuid()).await;
    work(&test.app).await;
    let list = Client::tenant(&test).all("/api/v1/contacts/imports?limit=4").await.0;
    assert_eq!(list.len(), 11);
    assert!(list.iter().all(|it| it["state"] == "completed"), "{list:?}");
    assert_eq!(list[0]["id"], json!(ids[10]), "the newest first");
    let created: i64 = list.iter().map(|it| it["created"].as_i64().unwrap()).sum();
    assert_eq!(created, 1);
}

#[both_databases]
async fn a_canceled_import_ends_at_once_or_after_its_chunk_and_keeps_what_is_in(test: TestApp) {
    let client = Client::tenant(&test);
    let waiting = upload(&test, "", CSV).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/contacts/imports/{waiting}");
    let canceled = client.delete(&path).await;
    assert_eq!(
        (canceled.status.as_u16(), &canceled.json()["state"]),
        (202, &json!("canceled"))
    );
    assert_eq!(due(&test.app).await, None);

    let mut csv = "phone\n".to_owned();
    (0..6_000).for_each(|n| csv += &format!("+49151234{n:05}\n"));
    let id = upload(&test, "", csv).await["id"].as_str().unwrap().to_owned();
    let import: ImportId = id.parse().unwrap();
    claim(&test.app, import.uuid()).await;
    let path = format!("/api/v1/contacts/imports/{id}");
    assert_eq!(client.delete(&path).await.json()["state"], "running");
    import::run(&test.app.imports, import).await.unwrap();
    let ended = show(&test, &id).await;
    assert_eq!(ended["state"], "canceled");
    let [rows, created, ..] = counts(&ended);
    assert!(rows == created && rows < 6_000, "{ended}");
    assert_eq!(people(&test).await.len() as i64, created);
    assert_eq!(
        client.delete(&path).await.json()["state"],
        "canceled",
        "once more changes nothing"
    );
}

#[both_databases]
async fn an_import_whose_process_dies_each_time_fails_in_the_end(test: TestApp) {
    let id = upload(&test, "", CSV).await["id"].as_str().unwrap().to_owned();
    let import: ImportId = id.parse().unwrap();
    for _ in 0..10 {
        claim(&test.app, import.uuid()).await;
        test.app
            .db
            .sql("UPDATE tasks SET counts = '{\"stuck\":10}' WHERE id = $1", (import,))
            .run()
            .await
            .unwrap();
        import::run(&test.app.imports, import).await.unwrap();
        if due(&test.app).await.is_none() {
            break;
        }
    }
    let ended = show(&test, &id).await;
    assert_eq!(
        (&ended["state"], &ended["error"]),
        (&json!("failed"), &json!("crashed"))
    );
    assert!(people(&test).await.is_empty());
}

#[both_databases]
async fn files_errors_and_tasks_are_kept_for_their_time(test: TestApp) {
    let import = imported(&test, "", "phone\n+49\n").await;
    let path = format!("/api/v1/contacts/imports/{}", import["id"].as_str().unwrap());
    let client = Client::tenant(&test);
    let folder = test.app.config.storage.clone();
    let mainstay::config::StorageConfig::Folder(folder) = folder else {
        panic!("tests have a folder")
    };
    let files = || {
        let mut found = Vec::new();
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    found.push(path)
                }
            }
        }
        found.len()
    };
    assert_eq!(
        (files(), test.count("SELECT COUNT(*) FROM import_errors").await),
        (1, 1)
    );
    test.advance(TimeDelta::days(29));
    import::clean_up(&test.app.imports).await.unwrap();
    assert_eq!(
        (files(), test.count("SELECT COUNT(*) FROM import_errors").await),
        (1, 1)
    );
    test.advance(TimeDelta::days(2));
    import::clean_up(&test.app.imports).await.unwrap();
    assert_eq!(
        (files(), test.count("SELECT COUNT(*) FROM import_errors").await),
        (0, 0)
    );
    assert_eq!(client.get(&path).await.ok().json()["failed"], 1, "the counts stay");
    test.advance(TimeDelta::days(60));
    import::clean_up(&test.app.imports).await.unwrap();
    assert_eq!(client.get(&path).await.problem(404), "not-found");
}
