//! More than the database takes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::{http::Client, ledgers::count};
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_the_intake_has_no_room_for_is_refused_and_what_waits_is_stored() {
    const BACKLOG: usize = 8;
    /// The two writers on PostgreSQL each hold what they took from the backlog, at most all of it.
    const ROOM: usize = 3 * BACKLOG;
    const REQUESTS: usize = ROOM + 40;
    let mut deployment = Deployment::distributed().await;
    deployment.set("MAINSTAY_INTAKE_BACKLOG", &BACKLOG.to_string());
    deployment.start_api().await;
    let client = Client::of(&deployment);
    let db = deployment.db().await;
    let mut held = db.begin().await.unwrap();
    held.sql("LOCK TABLE raw_events IN EXCLUSIVE MODE", ())
        .run()
        .await
        .unwrap();

    let answered = AtomicUsize::new(0);
    let posts = futures::future::join_all((0..REQUESTS).map(|_| async {
        let answer = client.post_webhook().await;
        answered.fetch_add(1, Ordering::Relaxed);
        answer
    }));
    let release = async {
        let full = "those that found no room are answered while the others wait";
        wait_until(DEADLINE, full, async || {
            answered.load(Ordering::Relaxed) >= REQUESTS - ROOM
        })
        .await;
        let answered = answered.load(Ordering::Relaxed);
        assert!(
            answered < REQUESTS - BACKLOG,
            "those in the backlog wait: {answered} are answered"
        );
        held.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(posts, release);
    let (stored, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!((BACKLOG..=ROOM).contains(&stored.len()), "{} were stored", stored.len());
    for answer in refused {
        assert_eq!(
            (answer.status, answer.retry_after.as_deref()),
            (503, Some("1")),
            "{answer:?}"
        );
    }
    let rows = count(&db, "SELECT COUNT(*) FROM raw_events").await;
    assert_eq!(
        rows,
        stored.len() as i64,
        "each acknowledged webhook is a row, and no refused one is"
    );
    assert_eq!(client.post_webhook().await.status, 200, "there is room again");
    db.close().await;
}
