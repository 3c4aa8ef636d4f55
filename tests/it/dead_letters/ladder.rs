//! Revival at the rungs, and the archive.

use chrono::TimeDelta;
use mainstay::{app::App, jobs::dead_letters::retry_dead, queue::dead_letters::Ladder};
use mainstay_test_macros::both_databases;

use super::stage::{count_each, die, figures, on_each, store};
use crate::support::{app::TestApp, polled::Polled};

/// In each queue: more than one transaction takes.
const JOBS: usize = 700;

/// Runs the job, killed several times first; on SQLite, for a dropped transaction keeps its locks on PostgreSQL until its connection is used
/// next, which a killed process does not.
async fn retry_and_kill(app: &App) {
    let kills: &[usize] = if app.db.is_postgres() { &[] } else { &[3, 7, 12, 20] };
    for &left in kills {
        let killed = Polled {
            of: Box::pin(retry_dead(app)),
            left,
        };
        drop(killed.await);
    }
    retry_dead(app).await.unwrap();
}

#[both_databases]
async fn jobs_of_three_queues_are_revived_at_their_rungs_and_archived_after_the_third(test: TestApp) {
    let (app, all) = (&test.app, [JOBS as i64; 3]);
    store(&test, JOBS).await;
    for (revivals, minutes) in [(0, 1), (1, 5), (2, 30)] {
        test.advance(TimeDelta::minutes(minutes) - TimeDelta::seconds(40));
        retry_and_kill(app).await;
        assert_eq!(count_each(app, "state = 'dead'").await, all, "before rung {revivals}");
        test.advance(TimeDelta::seconds(41));
        retry_and_kill(app).await;
        let revived = format!(
            "state = 'pending' AND attempts = 0 AND finished_at IS NULL AND revivals = {}",
            revivals + 1
        );
        assert_eq!(count_each(app, &revived).await, all, "at rung {revivals}");
        let figures = figures(app).await;
        assert!(
            figures
                .iter()
                .all(|it| (it.dead, it.revived, it.retrying) == (0, all[0], all[0])),
            "{figures:?}"
        );
        die(app).await;
    }
    retry_and_kill(app).await;
    assert_eq!(count_each(app, "state = 'dead' AND archived_at IS NOT NULL").await, all);
    let archived = figures(app).await;
    assert!(archived.iter().all(|it| it.oldest_dead_at.is_none()), "{archived:?}");
    test.advance(TimeDelta::days(2));
    retry_and_kill(app).await;
    assert_eq!(figures(app).await, archived, "nothing is revived any more");
}

#[both_databases]
async fn what_recovers_is_counted_and_left_alone(test: TestApp) {
    const RECOVER: &str = "
        UPDATE {t} SET state = 'done', finished_at = $1
        WHERE {of} AND id IN (SELECT id FROM {t} WHERE {of} AND state = 'pending' ORDER BY id LIMIT 4)";
    store(&test, 10).await;
    test.advance(TimeDelta::minutes(2));
    retry_dead(&test.app).await.unwrap();
    on_each(&test.app, RECOVER, test.app.clock.now()).await;
    die(&test.app).await;
    for it in figures(&test.app).await {
        assert_eq!(
            (it.dead, it.revived, it.recovered, it.retrying),
            (6, 10, 4, 0),
            "{it:?}"
        );
        assert_eq!((it.errors[0].error.as_str(), it.errors[0].jobs), ("a fault", 6));
    }
    test.advance(TimeDelta::minutes(6));
    retry_dead(&test.app).await.unwrap();
    assert_eq!(count_each(&test.app, "state = 'pending'").await, [6; 3]);
    assert_eq!(count_each(&test.app, "state = 'done'").await, [4; 3]);
}

#[both_databases]
async fn without_retries_dead_jobs_are_archived_at_once(test: TestApp) {
    let app = test.configured(|config| config.dead_letters = Ladder::new(Vec::new()));
    store(&test, 3).await;
    retry_dead(&app).await.unwrap();
    assert_eq!(
        count_each(&app, "archived_at IS NOT NULL AND revivals = 0").await,
        [3; 3]
    );
}

#[both_databases]
async fn what_was_refused_for_good_is_archived_and_what_has_its_own_way_is_left_alone(test: TestApp) {
    store(&test, 2).await;
    on_each(
        &test.app,
        "UPDATE {t} SET revivals = 101 WHERE {of} AND $1 = $1",
        test.app.clock.now(),
    )
    .await;
    test.app
        .db
        .sql("UPDATE tasks SET kind = 'import'", ())
        .run()
        .await
        .unwrap();
    test.advance(TimeDelta::days(2));
    retry_dead(&test.app).await.unwrap();
    assert_eq!(
        test.count("SELECT COUNT(*) FROM raw_events WHERE archived_at IS NOT NULL")
            .await,
        2
    );
    assert_eq!(
        test.count("SELECT COUNT(*) FROM tasks WHERE state = 'dead' AND archived_at IS NULL")
            .await,
        2
    );
}

#[both_databases]
async fn a_run_takes_two_thousand_jobs_of_a_queue(test: TestApp) {
    store(&test, 2_100).await;
    test.advance(TimeDelta::minutes(2));
    retry_dead(&test.app).await.unwrap();
    assert_eq!(count_each(&test.app, "state = 'pending'").await, [2_000; 3]);
    retry_dead(&test.app).await.unwrap();
    assert_eq!(count_each(&test.app, "state = 'pending'").await, [2_100; 3]);
}
