//! Schedules whose worker is killed, stands still while another takes over, or is one of many, at any moment.

use std::{collections::BTreeSet, future::Future, pin::Pin, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay::{
    db::Result,
    domain::{Id, ScheduleId, TaskId},
    queue::Outcome,
    schedule::fire::{fire, task_id},
};
use mainstay_test_macros::both_databases;

use super::stage::{claim, create, end_tasks, rescue, runs, second, work};
use crate::support::{
    app::TestApp,
    polled::{Polled, numbers},
    wait::wait_until,
};

const ROUNDS: usize = 150;
const DEADLINE: Duration = Duration::from_secs(60);

type Run<'a> = Pin<Box<dyn Future<Output = Result<Outcome>> + Send + 'a>>;

fn run(test: &TestApp, id: ScheduleId) -> Run<'_> {
    Box::pin(fire(&test.app.schedules, id))
}

/// That every planned time from the first on has its run or is counted as missed by one, and every run that started something its task.
async fn assert_once(test: &TestApp, id: ScheduleId, first: DateTime<Utc>) {
    let runs = runs(&test.app, id).await;
    let mut expected = first;
    for run in &runs {
        assert_eq!(run.planned_at, expected + TimeDelta::seconds(run.skipped), "{run:?}");
        assert_eq!(run.task_id, Some(task_id(id, run.planned_at)), "{run:?}");
        expected = run.planned_at + TimeDelta::seconds(1);
    }
    let tasks: Vec<(TaskId,)> = test.app.db.sql("SELECT id FROM tasks", ()).all().await.unwrap();
    let of_runs: BTreeSet<TaskId> = runs.iter().filter_map(|run| run.task_id).collect();
    assert_eq!(tasks.len(), of_runs.len());
    assert!(tasks.iter().all(|(id,)| of_runs.contains(id)));
}

#[both_databases]
async fn each_planned_time_is_started_once_though_workers_are_killed_and_stand_still(test: TestApp) {
    let first = second(&test.app);
    let id = create(&test.app.db, "each-second", "* * * * * *", "start", first).await;
    // A transaction takes fewer polls on SQLite.
    let span = if test.app.db.is_postgres() { 40 } else { 12 };
    let (mut killed, mut slept) = (0, 0);
    for (round, polls) in numbers().take(ROUNDS).enumerate() {
        rescue(&test.app, id).await;
        end_tasks(&test.app).await;
        test.advance(TimeDelta::seconds(1));
        if !claim(&test.app, id).await {
            continue;
        }
        let mut one = run(&test, id);
        let ended = Polled {
            of: &mut one,
            left: polls % span,
        };
        if ended.await.is_some() {
            continue;
        }
        // A dropped transaction keeps its locks on PostgreSQL until its connection is used next, which a killed process does not: there,
        // processes are killed in `schedule::processes`.
        if round % 2 == 0 && !test.app.db.is_postgres() {
            killed += 1;
            drop(one);
            rescue(&test.app, id).await;
            continue;
        }
        // It stands still, on SQLite with the writer in hand perhaps; another takes over, and then both are awake.
        slept += 1;
        if test.app.db.is_postgres() {
            rescue(&test.app, id).await;
            let other = async {
                match claim(&test.app, id).await {
                    true => run(&test, id).await,
                    false => Ok(Outcome::Settled),
                }
            };
            for outcome in <[_; 2]>::from(tokio::join!(one, other)) {
                let is_out = matches!(
                    outcome,
                    Ok(Outcome::Settled | Outcome::Rescheduled { .. } | Outcome::Release { .. }) | Err(_)
                );
                assert!(is_out, "{outcome:?}");
            }
        } else {
            one.await.unwrap();
        }
        rescue(&test.app, id).await;
    }
    assert!(
        (killed > 5 || test.app.db.is_postgres()) && slept > 5,
        "{killed} were killed, {slept} stood still"
    );
    test.advance(TimeDelta::seconds(1));
    end_tasks(&test.app).await;
    wait_until(DEADLINE, "its locks are gone", async || {
        rescue(&test.app, id).await;
        work(&test.app, id).await
    })
    .await;
    while work(&test.app, id).await {}
    assert_once(&test, id, first).await;
}

#[both_databases]
async fn of_many_workers_that_believe_they_have_the_lease_one_starts_it(test: TestApp) {
    let first = second(&test.app);
    let id = create(&test.app.db, "each-second", "* * * * * *", "start", first).await;
    for _ in 0..30 {
        assert!(claim(&test.app, id).await, "it is due");
        let outcomes = futures::future::join_all((0..6).map(|_| run(&test, id))).await;
        let started = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Ok(Outcome::Rescheduled { .. })))
            .count();
        assert_eq!(started, 1, "{outcomes:?}");
        end_tasks(&test.app).await;
        test.advance(TimeDelta::seconds(1));
    }
    assert_eq!(runs(&test.app, id).await.len(), 30);
    assert_once(&test, id, first).await;
}

#[test]
fn the_id_of_a_task_follows_from_its_schedule_and_planned_time() {
    let at = "2026-11-30T10:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let schedule = |n: u128| ScheduleId::from_uuid(uuid::Uuid::from_u128(n));
    let id = task_id(schedule(1), at);
    assert_eq!(id, task_id(schedule(1), at));
    assert_ne!(id, task_id(schedule(2), at));
    assert_ne!(id, task_id(schedule(1), at + TimeDelta::microseconds(1)));
    assert_eq!(id.uuid().get_version_num(), 8);
    assert!(id.uuid() >= mainstay::clock::first_uuid_at(at));
}
