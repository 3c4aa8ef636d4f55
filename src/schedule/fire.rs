//! Starts what is due of a schedule, once for each planned time.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{
    SCHEDULES, ScheduleService,
    plan::{CronPlan, DueTimes},
    store::{
        runs::{self, StoredRun},
        schedules::{self, StoredSchedule},
    },
    system,
};
use crate::{
    db::{Result, Tx},
    domain::{Actor, Id, MissedRunPolicy, RunStatus, ScheduleId, TaskId},
    queue::{
        Lane, Lease, Outcome, counts,
        recurring::{self, UNTIL_WOKEN},
    },
    records::{
        lock_order::Stage,
        tasks::{self, NewTask},
    },
};

/// How often a schedule that changes while it is fired is read anew.
const MAX_READINGS: usize = 3;

/// What came of one reading of a schedule.
enum Fired {
    /// Due again at this time. A task was started.
    Until(DateTime<Utc>, Option<TaskId>),
    /// It changed meanwhile: nothing was written.
    Changed,
}

/// Starts what is due of a leased schedule, in one transaction:
///
/// 1. The run of its planned time, by a key that only one transaction can insert.
/// 2. The task, whose id follows from schedule and planned time.
/// 3. The next time, as the fence: only where lease and planned time are those that were read. Otherwise all of it is rolled back.
///
/// So a process that is killed has started nothing or all, and one that stood still while another took the schedule over starts nothing.
pub async fn fire(service: &ScheduleService, id: ScheduleId) -> Result<Outcome> {
    let Some(lease) = recurring::lease(service.db.writer(), &SCHEDULES, id).await? else {
        return Ok(Outcome::Settled);
    };
    for _ in 0..MAX_READINGS {
        let Some(schedule) = schedules::find_leased(service.db.writer(), lease).await? else {
            return Ok(Outcome::Settled);
        };
        let now = service.clock.now();
        let due = match schedule.paused_at {
            Some(_) => None,
            None => match CronPlan::parse(&schedule.cron, &schedule.time_zone)
                .and_then(|plan| plan.due(schedule.next_at, now))
            {
                Ok(due) => due,
                Err(error) => return Ok(Outcome::retry(error)),
            },
        };
        let fired = match due {
            Some(due) => start(service, lease, &schedule, due, now).await?,
            None => {
                let until = schedule.paused_at.map_or(schedule.next_at, |_| now + UNTIL_WOKEN);
                match schedules::rest(service.db.writer(), lease, &schedule, until).await? {
                    true => Fired::Until(until, None),
                    false => Fired::Changed,
                }
            }
        };
        let Fired::Until(until, task) = fired else { continue };
        if let (Some(task), Some(queue)) = (task, system::queue_of(schedule.kind)) {
            // The task is committed; if the push fails, the sweep finds it.
            drop(service.queues.push(queue, [task.uuid()], now).await);
        }
        let lane = Lane::Normal;
        return Ok(Outcome::Rescheduled { until, lane });
    }
    Ok(Outcome::Release {
        after: std::time::Duration::from_secs(1),
    })
}

/// The fence of a step was not as it was read: the transaction is to be rolled back.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("the schedule changed meanwhile")]
    Changed,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

async fn start(
    service: &ScheduleService,
    lease: Lease,
    schedule: &StoredSchedule,
    due: DueTimes,
    now: DateTime<Utc>,
) -> Result<Fired> {
    let planned = schedule.next_at;
    let start = async |tx: &mut Tx| -> std::result::Result<Option<TaskId>, StartError> {
        runs::note_given_up(tx.on(), schedule, now).await?;
        let open = runs::find_open(tx.on(), schedule).await?;
        let run = StoredRun {
            skipped: due.skipped,
            ..planned_run(service, schedule, due.planned, now, open)
        };
        if !runs::insert(tx.on(), schedule, &run).await? {
            return Err(StartError::Changed);
        }
        if let Some(task) = run.task_id {
            insert_task(tx, schedule, task, Actor::System, now).await?;
        }
        // The row is locked from here to the commit alone, so that nobody waits long for it.
        if !schedules::advance(tx.on(), lease, planned, due.next).await? {
            return Err(StartError::Changed);
        }
        counts::add(tx.on(), &SCHEDULES, now, 1, 0).await?;
        Ok(run.task_id)
    };
    match service.db.background_transaction(start).await {
        Ok(task) => Ok(Fired::Until(due.next, task)),
        Err(StartError::Changed) => Ok(Fired::Changed),
        Err(StartError::Database(error)) => Err(error),
    }
}

/// Returns the run of a planned time: one that starts nothing if it is too late, or if the run before has not ended.
fn planned_run(
    service: &ScheduleService,
    schedule: &StoredSchedule,
    planned: DateTime<Utc>,
    now: DateTime<Utc>,
    open: Option<DateTime<Utc>>,
) -> StoredRun {
    let late = now - planned > TimeDelta::seconds(schedule.grace_s);
    let error = match open {
        Some(open) => Some(format!("the run of {} has not ended", open.to_rfc3339())),
        None if late && schedule.missed == MissedRunPolicy::Skip => Some("it was too late".to_owned()),
        None => None,
    };
    let is_run = error.is_none();
    StoredRun {
        planned_at: planned,
        status: if is_run { RunStatus::Fired } else { RunStatus::Skipped },
        asked: false,
        task_id: is_run.then(|| task_id(schedule.id, planned)),
        worker: service.worker.clone(),
        started_at: now,
        finished_at: (!is_run).then_some(now),
        skipped: 0,
        error,
    }
}

/// Inserts the task of a run.
pub(super) async fn insert_task(
    tx: &mut Tx,
    schedule: &StoredSchedule,
    id: TaskId,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<()> {
    Stage::Tasks.reach(tx);
    let task = NewTask {
        tenant: schedule.tenant_id,
        id,
        kind: schedule.kind,
        subject: None,
        spec: schedule.payload.clone(),
        counts: None,
        waits: false,
        by,
    };
    tasks::insert(tx.on(), &task, now).await
}

/// Returns the id of the task of a planned time, the same whoever asks: a UUIDv8 that begins with the milliseconds of the planned time.
pub fn task_id(schedule: ScheduleId, planned: DateTime<Utc>) -> TaskId {
    let mut digest = Sha256::new();
    digest.update(schedule.uuid().as_bytes());
    digest.update(planned.timestamp_micros().to_be_bytes());
    let mut bytes: [u8; 16] = *Uuid::nil().as_bytes();
    bytes[6..].copy_from_slice(&digest.finalize()[..10]);
    bytes[..6].copy_from_slice(&planned.timestamp_millis().to_be_bytes()[2..]);
    TaskId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
}
