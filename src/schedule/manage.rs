//! What an operator does with a schedule.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use super::{
    ScheduleService,
    fire::{insert_task, task_id},
    plan::{CronPlan, PlanError},
    store::{
        runs::{self, StoredRun},
        schedules::{self, StoredSchedule},
    },
    system,
};
use crate::{
    db::Tx,
    domain::{Ctx, Id, RunStatus},
    queue::recurring::UNTIL_WOKEN,
    records::lock_order::Stage,
};

/// The reason why a schedule cannot be changed or run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    #[error("there is no schedule {0:?}")]
    Unknown(String),
    #[error("the run of {0} has not ended: wait for its end, or discard its task in the queue of its kind")]
    StillRunning(String),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Finds a schedule by its name.
async fn find(tx: &mut Tx, ctx: &Ctx, name: &str) -> Result<StoredSchedule, ScheduleError> {
    let found = schedules::find(tx.on(), ctx.tenant, name).await?;
    found.ok_or_else(|| ScheduleError::Unknown(name.to_owned()))
}

/// Runs a schedule now, whether or not it is paused; its planned times stay as they are.
pub(crate) async fn run_now(service: &ScheduleService, ctx: &Ctx, name: &str) -> Result<StoredRun, ScheduleError> {
    let now = apart(service.clock.now());
    let run = async |tx: &mut Tx| {
        let schedule = find(tx, ctx, name).await?;
        Stage::Tasks.reach(tx);
        schedules::lock(tx, schedule.id).await?;
        runs::note_given_up(tx.on(), &schedule, now).await?;
        if let Some(open) = runs::find_open(tx.on(), &schedule).await? {
            return Err(ScheduleError::StillRunning(open.to_rfc3339()));
        }
        let task = task_id(schedule.id, now);
        let run = StoredRun {
            planned_at: now,
            status: RunStatus::Fired,
            asked: true,
            task_id: Some(task),
            worker: service.worker.clone(),
            started_at: now,
            finished_at: None,
            skipped: 0,
            error: None,
        };
        if !runs::insert(tx.on(), &schedule, &run).await? {
            return Err(ScheduleError::StillRunning(now.to_rfc3339()));
        }
        insert_task(tx, &schedule, task, ctx.actor, now).await?;
        Ok((schedule.kind, task, run))
    };
    let (kind, task, run) = service.db.transaction(run).await?;
    if let Some(queue) = system::queue_of(kind) {
        // The task is committed; if the push fails, the sweep finds it.
        drop(service.queues.push(queue, [task.uuid()], now).await);
    }
    Ok(run)
}

/// Returns a time that no pattern has: none is due within a second.
fn apart(now: DateTime<Utc>) -> DateTime<Utc> {
    match now.nanosecond() {
        0 => now + TimeDelta::microseconds(1),
        _ => now,
    }
}

/// Pauses a schedule. Nothing of it is started until it is resumed; what was started goes on.
pub(crate) async fn pause(service: &ScheduleService, ctx: &Ctx, name: &str) -> Result<StoredSchedule, ScheduleError> {
    let now = service.clock.now();
    let pause = async |tx: &mut Tx| {
        let schedule = find(tx, ctx, name).await?;
        schedules::pause(tx.on(), schedule.id, now, now + UNTIL_WOKEN).await?;
        find(tx, ctx, name).await
    };
    service.db.transaction(pause).await
}

/// Resumes a schedule at its next planned time from now on. Times that passed while it was paused are not made up for.
pub(crate) async fn resume(service: &ScheduleService, ctx: &Ctx, name: &str) -> Result<StoredSchedule, ScheduleError> {
    let resume = async |tx: &mut Tx| {
        let schedule = find(tx, ctx, name).await?;
        let next = CronPlan::parse(&schedule.cron, &schedule.time_zone)?.next(service.clock.now())?;
        schedules::resume(tx.on(), schedule.id, next).await?;
        find(tx, ctx, name).await
    };
    service.db.transaction(resume).await
}
