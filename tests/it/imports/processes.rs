//! Imports by processes that are killed with -9, or stand still for longer than a lease.

use std::{fs, time::Duration};

use mainstay::db::Db;
use serde_json::{Value, json};

use super::fences::file;
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(600);

/// Imports a file by the command line, and returns the id of the import.
async fn import(deployment: &Deployment, rows: usize) -> String {
    let path = deployment.folder().join("contacts.csv");
    fs::write(&path, file(rows)).unwrap();
    let consent =
        json!({ "purpose": "marketing", "status": "granted", "occurred_at": "2026-11-20T08:00:00Z", "evidence": 1 });
    let consent = format!("consent={consent}");
    let path = path.to_str().unwrap();
    let queued = deployment
        .operate(&[
            "contact",
            "import",
            path,
            "--tenant",
            "Acme",
            "--set",
            "lists=all",
            "--set",
            &consent,
        ])
        .await;
    assert_eq!(
        (&queued["rows"], &queued["state"]),
        (&json!(rows), &json!("waiting")),
        "{queued}"
    );
    queued["id"].as_str().unwrap().to_owned()
}

async fn counts(db: &Db) -> Value {
    const SQL: &str = "SELECT COALESCE(counts, '{}') FROM tasks WHERE kind = 'import'";
    let found: Option<(String,)> = db.sql(SQL, ()).opt().await.unwrap();
    serde_json::from_str(&found.unwrap().0).unwrap()
}

/// Waits until so many rows are counted.
async fn until_rows(db: &Db, rows: i64) {
    wait_until(DEADLINE, "rows are imported", async || {
        counts(db).await["rows"].as_i64() >= Some(rows)
    })
    .await;
}

async fn until_done(db: &Db) {
    const SQL: &str = "SELECT COUNT(*) FROM tasks WHERE kind = 'import' AND state = 'done'";
    wait_until(DEADLINE, "the import is done", async || {
        let (done,): (i64,) = db.sql(SQL, ()).one().await.unwrap();
        done == 1
    })
    .await;
}

/// What an import has done, without ids and times.
async fn outcome(deployment: &Deployment, db: &Db) -> (Value, Vec<(i64, i64, String)>, i64, Vec<String>) {
    let counted = counts(db).await;
    let counted = [
        "rows",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "failed",
        "errors",
        "kept_opted_out",
    ]
    .map(|name| counted[name].clone());
    const ERRORS: &str = "SELECT file_row, number, code FROM import_errors ORDER BY file_row, number";
    let errors = db.sql(ERRORS, ()).all().await.unwrap();
    let (consents,): (i64,) = db.sql("SELECT COUNT(*) FROM consents", ()).one().await.unwrap();
    let path = deployment.folder().join("exported.csv");
    deployment
        .operate(&[
            "contact",
            "export",
            "--tenant",
            "Acme",
            "--output",
            path.to_str().unwrap(),
        ])
        .await;
    let text = fs::read_to_string(&path).unwrap();
    let stable = |line: &str| {
        line.split_once(',')
            .unwrap()
            .1
            .split(",import,")
            .next()
            .unwrap()
            .to_owned()
    };
    let mut people: Vec<String> = text.lines().skip(1).map(stable).collect();
    people.sort();
    (json!(counted), errors, consents, people)
}

async fn undisturbed(rows: usize) -> (Value, Vec<(i64, i64, String)>, i64, Vec<String>) {
    let mut deployment = Deployment::distributed().await;
    import(&deployment, rows).await;
    deployment.start().await;
    let db = deployment.db().await;
    until_done(&db).await;
    outcome(&deployment, &db).await
}

#[tokio::test]
async fn workers_that_are_killed_or_stand_still_count_no_row_twice() {
    const ROWS: usize = 20_000;
    let expected = undisturbed(ROWS).await;
    assert!(expected.3.len() > ROWS / 2, "{} contacts", expected.3.len());
    let mut deployment = Deployment::distributed().await;
    import(&deployment, ROWS).await;
    deployment.start().await;
    let db = deployment.db().await;
    until_rows(&db, 1).await;
    deployment.kill_worker().await;
    deployment.start_worker().await;
    let before = counts(&db).await["rows"].as_i64().unwrap();
    until_rows(&db, before + 1).await;
    // It stands still with what it has locked, and wakes when another one has had the import for a while or waits for it.
    let sleeper = deployment.take_worker();
    sleeper.send("STOP");
    deployment.start_worker().await;
    const LEASED: &str = "SELECT COUNT(*) FROM tasks WHERE kind = 'import' AND (attempts > 2 OR state = 'done')";
    wait_until(DEADLINE, "another worker has the import", async || {
        let (leased,): (i64,) = db.sql(LEASED, ()).one().await.unwrap();
        leased == 1
    })
    .await;
    sleeper.send("CONT");
    until_done(&db).await;
    sleeper.kill().await;
    assert_eq!(outcome(&deployment, &db).await, expected);
}

#[tokio::test]
#[ignore = "takes several minutes: a killed worker's lease ends after fifteen seconds"]
async fn two_hundred_thousand_rows_survive_a_kill_every_two_seconds() {
    const ROWS: usize = 200_000;
    let expected = undisturbed(ROWS).await;
    for mut deployment in [Deployment::embedded().await, Deployment::distributed().await] {
        import(&deployment, ROWS).await;
        deployment.start().await;
        let mut kills = 0;
        loop {
            let db = deployment.db().await;
            let before = counts(&db).await["rows"].as_i64().unwrap_or(0);
            if before >= ROWS as i64 {
                until_done(&db).await;
                break;
            }
            until_rows(&db, before + 1).await;
            db.close().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            if deployment.is_embedded() {
                deployment.kill_api().await;
                deployment.start_api().await;
            } else {
                deployment.kill_worker().await;
                deployment.start_worker().await;
            }
            kills += 1;
        }
        assert!(kills > 2, "killed {kills} times");
        let db = deployment.db().await;
        assert_eq!(outcome(&deployment, &db).await, expected);
    }
}
