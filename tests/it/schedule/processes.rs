//! A schedule of each second on four workers, of which one is killed with -9 again and again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{db::Db, domain::ScheduleId};

use super::stage::create;
use crate::support::{deployment::Deployment, wait::wait_until};

const DEADLINE: Duration = Duration::from_secs(120);

async fn count(db: &Db, sql: &'static str) -> i64 {
    let (count,): (i64,) = db.sql(sql, ()).one().await.unwrap();
    count
}

#[tokio::test]
async fn runs_are_planned_times_though_workers_are_killed() {
    const DONE: &str = "SELECT COUNT(*) FROM schedule_runs WHERE status = 'done'";
    let mut deployment = Deployment::distributed().await;
    for _ in 0..4 {
        deployment.start_worker().await;
    }
    let db = deployment.db().await;
    let now: (DateTime<Utc>,) = db.sql("SELECT date_trunc('second', now())", ()).one().await.unwrap();
    let first = now.0 + TimeDelta::seconds(1);
    let id = create(&db, "each-second", "* * * * * *", "start", first).await;
    for _ in 0..5 {
        let before = count(&db, DONE).await;
        wait_until(DEADLINE, "it runs", async || count(&db, DONE).await >= before + 2).await;
        deployment.kill_worker().await;
        deployment.start_worker().await;
    }
    db.sql("UPDATE schedules SET paused_at = next_at", ())
        .run()
        .await
        .unwrap();
    wait_until(DEADLINE, "what was started is done", async || {
        count(&db, "SELECT COUNT(*) FROM schedule_runs WHERE status = 'fired'").await == 0
    })
    .await;
    assert_times(&db, id, first).await;
    let started = count(&db, "SELECT COUNT(*) FROM schedule_runs WHERE task_id IS NOT NULL").await;
    assert_eq!(
        count(&db, "SELECT COUNT(*) FROM tasks WHERE state = 'done'").await,
        started
    );
    assert_eq!(count(&db, "SELECT COUNT(*) FROM tasks").await, started);
    db.close().await;
}

/// That each second from the first on has a run, or is counted as missed by the next.
async fn assert_times(db: &Db, id: ScheduleId, first: DateTime<Utc>) {
    const SQL: &str = "SELECT planned_at, skipped FROM schedule_runs WHERE schedule_id = $1 ORDER BY planned_at";
    let runs: Vec<(DateTime<Utc>, i64)> = db.sql(SQL, (id,)).all().await.unwrap();
    let mut expected = first;
    for (planned, skipped) in runs {
        assert_eq!(planned, expected + TimeDelta::seconds(skipped));
        expected = planned + TimeDelta::seconds(1);
    }
}
