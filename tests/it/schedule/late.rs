//! Planned times that passed while nothing ran.

use chrono::TimeDelta;
use mainstay::domain::RunStatus;
use mainstay_test_macros::both_databases;

use super::stage::{create, end_tasks, runs, second, work};
use crate::support::app::TestApp;

#[both_databases]
async fn the_newest_missed_time_is_run_once_and_the_others_are_counted(test: TestApp) {
    let app = &test.app;
    let first = second(app);
    let id = create(&app.db, "late", "* * * * * *", "start", first).await;
    assert!(work(app, id).await, "it is due");
    end_tasks(app).await;
    test.advance(TimeDelta::hours(1));
    assert!(work(app, id).await, "it is due");
    let [on_time, late] = &runs(app, id).await[..] else {
        panic!("two runs")
    };
    assert_eq!(on_time.skipped, 0);
    assert_eq!(late.status, RunStatus::Fired);
    assert_eq!((late.planned_at - on_time.planned_at).num_seconds(), late.skipped + 1);
    assert!(late.skipped >= 3_598, "{late:?}");
}

#[both_databases]
async fn a_schedule_that_skips_runs_what_is_within_its_grace_and_nothing_else(test: TestApp) {
    let app = &test.app;
    let hour = |at: chrono::DateTime<chrono::Utc>| at - TimeDelta::seconds(at.timestamp() % 3_600);
    let first = hour(second(app));
    // The clock is at some seconds after a full hour from here on.
    test.advance(first + TimeDelta::seconds(3_605) - app.clock.now());
    let id = create(&app.db, "punctual", "0 * * * *", "skip", first + TimeDelta::hours(1)).await;
    assert!(work(app, id).await, "it is due");
    end_tasks(app).await;
    test.advance(TimeDelta::hours(3) + TimeDelta::seconds(61));
    assert!(work(app, id).await, "it is due");
    let [within, beyond] = &runs(app, id).await[..] else {
        panic!("two runs")
    };
    assert_eq!((within.status, within.skipped), (RunStatus::Done, 0));
    assert_eq!((beyond.status, beyond.skipped), (RunStatus::Skipped, 2));
    assert_eq!(
        (beyond.task_id, beyond.error.as_deref()),
        (None, Some("it was too late"))
    );
    assert_eq!(test.count("SELECT COUNT(*) FROM tasks").await, 1);
}

#[both_databases]
async fn a_run_that_has_not_ended_is_not_followed_by_another(test: TestApp) {
    let app = &test.app;
    let id = create(&app.db, "long", "* * * * * *", "start", second(app)).await;
    for _ in 0..3 {
        assert!(work(app, id).await, "it is due");
        test.advance(TimeDelta::seconds(1));
    }
    let found: Vec<RunStatus> = runs(app, id).await.iter().map(|run| run.status).collect();
    assert_eq!(found, [RunStatus::Fired, RunStatus::Skipped, RunStatus::Skipped]);
    // Its task is given up.
    let given_up = "UPDATE tasks SET state = 'dead', last_error = 'in vain', finished_at = due_at";
    app.db.sql(given_up, ()).run().await.unwrap();
    assert_eq!(runs(app, id).await[0].status, RunStatus::Failed, "it is shown at once");
    assert!(work(app, id).await, "it is due");
    let found = runs(app, id).await;
    assert_eq!(found[0].error.as_deref(), Some("in vain"));
    assert_eq!(found[3].status, RunStatus::Fired);
}

#[both_databases]
async fn a_clock_that_is_set_back_starts_nothing_twice(test: TestApp) {
    let app = &test.app;
    let id = create(&app.db, "steady", "* * * * * *", "start", second(app)).await;
    assert!(work(app, id).await, "it is due");
    end_tasks(app).await;
    test.advance(TimeDelta::seconds(-60));
    // An operator makes its row due.
    app.db
        .sql("UPDATE schedules SET due_at = $1", (app.clock.now(),))
        .run()
        .await
        .unwrap();
    assert!(work(app, id).await, "its row is due");
    assert!(!work(app, id).await, "it rests until its next time");
    assert_eq!(runs(app, id).await.len(), 1);
}
