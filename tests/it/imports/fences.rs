//! Imports whose process is killed, or stands still while another takes over, at any moment.

use std::{future::Future, pin::Pin};

use mainstay::{
    contacts::import,
    db::Result,
    domain::{Id, ImportId},
    queue::Outcome,
};
use mainstay_test_macros::both_databases;
use serde_json::{Value, json};

use super::stage::{claim_after_kill, counts, errors, people, rescue, show, upload, work};
use crate::support::{
    app::TestApp,
    polled::{Polled, numbers},
};

const ROWS: usize = 12_000;

/// A file in which everything happens: numbers that come again in the same chunk and in later ones, bad rows, tags.
pub(super) fn file(rows: usize) -> String {
    let mut csv = "phone,external_id,name,tags,country\n".to_owned();
    for n in 0..rows {
        let number = match n % 10 {
            3 => n - 2,
            7 if n > 5_000 => n - 4_999,
            _ => n,
        };
        csv += &match n % 50 {
            11 => "+49,,bad,,\n".to_owned(),
            12 => format!("+49151{},,Somebody,,Nowhere\n", 20_000_000 + number),
            _ => format!(
                "+49151{},c-{number},Name {n},\"t{},all\",DE\n",
                20_000_000 + number,
                n % 7
            ),
        };
    }
    csv
}

fn query() -> String {
    let consent = json!({ "purpose": "marketing", "status": "granted", "occurred_at": "2026-11-20T08:00:00Z",
        "evidence": { "form": 4 } });
    let consent: String = consent.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("consent={consent}&on_bad_field=fail&lists=everybody")
}

/// What an import has done: its counts, errors, contacts, and the number of its consents.
type Outcomes = (Value, Vec<Vec<String>>, Value, i64);

async fn outcome(test: &TestApp, id: &str) -> Outcomes {
    let import = show(test, id).await;
    let [rows, created, updated, unchanged, skipped, failed] = counts(&import);
    assert_eq!(rows, created + updated + unchanged + skipped + failed, "{import}");
    assert_eq!((&import["state"], rows), (&json!("completed"), ROWS as i64), "{import}");
    let counted = json!([counts(&import), import["errors"], import["kept_opted_out"]]);
    let people = json!(people(test).await);
    (
        counted,
        errors(test, id).await,
        people,
        test.count("SELECT COUNT(*) FROM consents").await,
    )
}

type Run<'a> = Pin<Box<dyn Future<Output = Result<Outcome>> + Send + 'a>>;

fn run<'a>(test: &'a TestApp, id: ImportId) -> Run<'a> {
    Box::pin(import::run(&test.app.imports, id))
}

/// Polls in which no run gets to its end, on whatever machine: so many at least are stopped, however fast it is.
const FEW: usize = 5;

async fn undisturbed(test: &TestApp) -> Outcomes {
    let id = upload(test, &query(), file(ROWS)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    work(&test.app).await;
    outcome(test, &id).await
}

#[both_databases]
async fn an_import_that_is_killed_again_and_again_does_the_same_as_one_that_is_not(test: TestApp) {
    let expected = undisturbed(&TestApp::like(&test).await).await;
    let id = upload(&test, &query(), file(ROWS)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    kill_until_done(&test, &id).await;
    assert_eq!(outcome(&test, &id).await, expected);
}

/// Runs an import, and kills it at any moment, until it has ended.
pub(super) async fn kill_until_done(test: &TestApp, id: &str) {
    let import: ImportId = id.parse().unwrap();
    // A chunk takes more statements on SQLite.
    let (span, growth) = if test.app.db.is_postgres() { (40, 1) } else { (97, 3) };
    let (mut kills, mut stuck, mut rows) = (0, 0_usize, 0);
    for polls in numbers() {
        if !claim_after_kill(&test.app, import.uuid()).await {
            break;
        }
        let mut run = run(test, import);
        // The longer it did not get on, the longer it may live.
        let life = match kills {
            0..3 => 1 + polls % FEW,
            _ => (1 + polls % span) * (1 + stuck).pow(growth),
        };
        let ended = Polled {
            of: &mut run,
            left: life,
        };
        if ended.await.is_none() {
            kills += 1;
            drop(run);
            rescue(&test.app, import.uuid()).await;
        }
        let counted = counts(&show(test, id).await)[0];
        stuck = if counted > rows { 0 } else { stuck + 1 };
        rows = counted;
    }
    assert!(kills >= 3, "killed {kills} times");
}

/// On PostgreSQL: a SQLite file has one worker.
#[tokio::test]
async fn a_process_that_stands_still_while_another_takes_over_writes_nothing_when_it_wakes() {
    let test = TestApp::postgres().await;
    let expected = undisturbed(&TestApp::like(&test).await).await;
    let (mut numbers, mut slept) = (numbers(), 0);
    // An import may end with the one that wakes, so it may take several.
    for _ in 0..10 {
        slept += sleepers(&TestApp::like(&test).await, &mut numbers, &expected).await;
        if slept >= 3 {
            break;
        }
    }
    assert!(slept >= 3, "{slept} slept");
}

/// Imports a file in runs that stand still, and returns how many did.
async fn sleepers(test: &TestApp, numbers: &mut impl Iterator<Item = usize>, expected: &Outcomes) -> usize {
    let id = upload(test, &query(), file(ROWS)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let import: ImportId = id.parse().unwrap();
    let mut slept = 0;
    for polls in numbers {
        if !claim_after_kill(&test.app, import.uuid()).await {
            break;
        }
        let mut sleeper = run(test, import);
        let stop = Polled {
            of: &mut sleeper,
            left: 5 + polls * (1 + slept % 8),
        };
        if stop.await.is_some() {
            continue;
        }
        // It stands still with whatever it has locked, and its lease goes to another one. Both are awake from here on, and the other one may
        // be killed in its turn.
        slept += 1;
        rescue(&test.app, import.uuid()).await;
        if !claim_after_kill(&test.app, import.uuid()).await {
            continue;
        }
        // A killed one leaves its locks.
        let killed = async {
            let mut other = run(test, import);
            let end = Polled {
                of: &mut other,
                left: 20 + polls * (1 + slept % 4),
            };
            end.await;
        };
        let (woken, ()) = tokio::join!(sleeper, killed);
        let is_out = matches!(woken, Ok(Outcome::Settled | Outcome::Rescheduled { .. }) | Err(_));
        assert!(is_out, "{woken:?}");
        rescue(&test.app, import.uuid()).await;
    }
    assert_eq!(outcome(test, &id).await, *expected);
    slept
}
