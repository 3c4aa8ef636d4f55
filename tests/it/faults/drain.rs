//! SIGTERM under load: what is in hand is finished, and the process ends by itself.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    caught::{IN_HAND, backlog, caught, hold},
    http::Client,
    ledgers::{compare, count},
    traffic::{acknowledged, rude},
};
use crate::support::{deployment::Deployment, process::Process, wait::wait_until};

/// Platforms kill what is not gone after thirty seconds.
const BOUND: Duration = Duration::from_secs(25);
const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn api_finishes_what_it_has_in_hand() {
    ends_well_under_load(Deployment::distributed().await, 9).await;
}

#[tokio::test]
async fn the_one_process_finishes_what_it_has_in_hand() {
    ends_well_under_load(Deployment::embedded().await, 10).await;
}

/// Twice while Meta posts; a new process takes over each time.
async fn ends_well_under_load(mut deployment: Deployment, seed: u64) {
    const COUNT: usize = 2_000;
    deployment.start().await;
    let simulator = deployment.simulator(rude(seed));
    let faults = async {
        for round in 1..=2 {
            acknowledged(&simulator, round * COUNT as u64 / 4).await;
            end(&mut deployment.take_api()).await;
            deployment.start_api().await;
        }
    };
    tokio::join!(simulator.send_all(COUNT), faults);
    simulator.send_rest().await;
    deployment.assert_running();
    compare(&deployment, &simulator).await;
    let db = deployment.db().await;
    assert_eq!(
        count(&db, "SELECT COUNT(*) FROM workers").await,
        1,
        "those that ended took leave"
    );
    assert_nothing_was_dropped(&db).await;
    db.close().await;
}

#[tokio::test]
async fn a_worker_finishes_what_it_has_in_hand_and_leaves_the_rest_to_others() {
    const DONE: &str = "SELECT COUNT(*) FROM raw_events WHERE state = 'done'";
    let (mut deployment, simulator) = backlog().await;
    let db = deployment.db().await;
    let held = hold(&db).await;
    deployment.start_worker().await;
    caught(&deployment, &db, 0).await;
    let mut worker = deployment.take_worker();
    worker.send("TERM");
    worker.wait_for_line("mainstay ends").await;
    held.rollback().await.unwrap();
    end(&mut worker).await;
    let done = count(&db, DONE).await;
    assert!((1..=IN_HAND).contains(&done), "{done} were in hand and are done");
    assert_eq!(count(&db, "SELECT COUNT(*) FROM workers").await, 0, "it took leave");
    deployment.start_worker().await;
    compare(&deployment, &simulator).await;
    assert_nothing_was_dropped(&db).await;
    db.close().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_keeps_no_process_from_ending() {
    let mut deployment = Deployment::embedded().await;
    deployment.start_api().await;
    let head = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n";
    let beginnings = [
        "",
        "POST /webh",
        head,
        &format!("{head}X-Hub-Signature-256: sha256={:064}\r\n\r\n{{", 0),
    ];
    let mut stalled = Vec::new();
    for beginning in beginnings {
        let mut stream = TcpStream::connect(("127.0.0.1", deployment.port)).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    end(&mut deployment.take_api()).await;
}

#[tokio::test]
async fn a_database_that_hangs_keeps_no_process_from_ending() {
    let mut deployment = Deployment::distributed().await;
    deployment.start().await;
    let client = Client::of(&deployment);
    let db = deployment.db().await;
    let mut held = db.begin().await.unwrap();
    held.sql("LOCK TABLE raw_events IN ACCESS EXCLUSIVE MODE", ())
        .run()
        .await
        .unwrap();
    let (mut api, mut worker) = (deployment.take_api(), deployment.take_worker());
    let ended = async {
        const BLOCKED: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'raw_events'::regclass";
        wait_until(DEADLINE, "the webhook waits for the database", async || {
            count(&db, BLOCKED).await > 0
        })
        .await;
        tokio::join!(end(&mut api), end(&mut worker));
    };
    let (answered, ()) = tokio::join!(client.try_webhook(), ended);
    assert_ne!(answered, Some(200), "it was not stored");
    held.rollback().await.unwrap();
    db.close().await;
}

async fn end(process: &mut Process) {
    let begun = Instant::now();
    assert_eq!(process.terminate().await, Some(0), "{}", process.output());
    assert!(begun.elapsed() < BOUND, "it took {:?}", begun.elapsed());
}

/// A job that was in hand when its worker left and was neither finished nor given back would have cost an attempt.
async fn assert_nothing_was_dropped(db: &mainstay::db::Db) {
    assert_eq!(count(db, "SELECT COUNT(*) FROM raw_events WHERE attempts > 0").await, 0);
}
