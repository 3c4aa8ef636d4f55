//! Schedules of a test, and a worker that fires them when a test says so.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    app::App,
    db::{Db, Sql},
    domain::{Id, ScheduleId},
    queue::{self, Outcome},
    schedule::{SCHEDULES, fire::fire, installation, store::runs},
};

/// Creates a schedule whose tasks clean caches.
pub async fn create(db: &Db, name: &str, cron: &str, missed: &str, next: DateTime<Utc>) -> ScheduleId {
    const SQL: &str = "
        INSERT INTO schedules
            (id, tenant_id, name, kind, cron, time_zone, payload, missed, grace_s, next_at, requested_at, due_at)
        VALUES ($1, $2, $3, 'clean_cache', $4, 'UTC', '{}', $5, 60, $6, $6, $6)";
    let id = ScheduleId::from_uuid(mainstay::clock::uuid_at(next));
    let args = (
        id,
        installation(),
        name.to_owned(),
        cron.to_owned(),
        missed.to_owned(),
        next,
    );
    db.sql(SQL, args).run().await.unwrap();
    id
}

/// Returns the present second, or the first of one if it has just begun.
pub fn second(app: &App) -> DateTime<Utc> {
    DateTime::from_timestamp(app.clock.now().timestamp(), 0).unwrap()
}

/// Leases a schedule that is due, as a worker does before it fires it; false if it is not due.
pub async fn claim(app: &App, id: ScheduleId) -> bool {
    let now = app.clock.now();
    let (ids, until) = ([id.uuid()], now + TimeDelta::seconds(15));
    let leases = queue::claim(app.db.writer(), &SCHEDULES, &ids, until, now).await;
    !leases.unwrap().is_empty()
}

/// Returns a schedule whose worker is gone to the queue, as the sweep does when its lease has ended: the attempt stays counted. One that a
/// worker has locked is left to it.
pub async fn rescue(app: &App, id: ScheduleId) {
    const SQLITE: &str = "UPDATE schedules SET state = 'pending', due_at = $2 WHERE id = $1 AND state = 'running'";
    const POSTGRES: &str = "
        UPDATE schedules SET state = 'pending', due_at = $2
        WHERE id IN (SELECT id FROM schedules WHERE id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED)";
    let args = (id, app.clock.now());
    app.db.sql(Sql::each(SQLITE, POSTGRES), args).run().await.unwrap();
}

/// Fires a schedule that is due, and returns whether it was.
pub async fn work(app: &App, id: ScheduleId) -> bool {
    if !claim(app, id).await {
        return false;
    }
    let outcome = fire(&app.schedules, id).await.unwrap();
    assert!(matches!(outcome, Outcome::Rescheduled { .. }), "{outcome:?}");
    true
}

/// Ends the tasks of schedules, as their jobs do.
pub async fn end_tasks(app: &App) {
    const TASKS: &str = "UPDATE tasks SET state = 'done', finished_at = $1 WHERE state = 'pending'";
    const RUNS: &str = "UPDATE schedule_runs SET status = 'done', finished_at = $1 WHERE status = 'fired'";
    let now = app.clock.now();
    app.db.sql(TASKS, (now,)).run().await.unwrap();
    app.db.sql(RUNS, (now,)).run().await.unwrap();
}

/// Returns the runs of a schedule, oldest first.
pub async fn runs(app: &App, id: ScheduleId) -> Vec<runs::StoredRun> {
    let all = app.clock.now() + TimeDelta::days(1);
    let mut found = runs::list(app.db.reader(), installation(), id, all, 100_000)
        .await
        .unwrap();
    found.reverse();
    found
}
