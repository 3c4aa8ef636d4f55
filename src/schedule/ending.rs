//! Works on the tasks of schedules, and removes what is old of them.

use chrono::TimeDelta;

use super::{
    ScheduleService, installation,
    store::{runs, schedules},
};
use crate::{
    clock::first_uuid_at,
    db::{Result, Tx},
    domain::{Id, TaskId, WorkState},
    queue::{Outcome, Queue, counts},
    records::tasks::{self, Fence, TaskResult},
};

/// How long runs are kept, and the tasks of the installation's own.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Does the work of a task, and writes its end with that of its run. Work that fails is tried again as the queue of its kind says.
pub(crate) async fn run_task(
    service: &ScheduleService,
    queue: &Queue,
    id: TaskId,
    work: impl Future<Output = Result<()>>,
) -> Result<Outcome> {
    let Some(task) = tasks::find_leased(service.db.writer(), id).await? else {
        return Ok(Outcome::Settled);
    };
    work.await?;
    let now = service.clock.now();
    let done = TaskResult {
        state: WorkState::Done,
        error: None,
        result: None,
    };
    let end = async |tx: &mut Tx| {
        tasks::end(tx, Fence::of(&task), done, now).await?;
        runs::note_done(tx.on(), id, now).await?;
        counts::add(tx.on(), queue, now, 1, 0).await
    };
    match service.db.background_transaction(end).await {
        // Whoever has it now does the work again.
        Err(error) if tasks::is_lease_lost(&error) => Ok(Outcome::Settled),
        result => result.map(|()| Outcome::Settled),
    }
}

/// Removes old runs and tasks of the installation's own schedules, and returns how many runs.
pub(crate) async fn remove_old(service: &ScheduleService) -> Result<u64> {
    let (tenant, before) = (installation(), service.clock.now() - KEPT);
    let mut removed = 0;
    for schedule in schedules::list(service.db.reader(), tenant).await? {
        removed += runs::remove(service.db.writer(), &schedule, before).await?;
        let first = TaskId::from_uuid(first_uuid_at(before));
        runs::remove_tasks(service.db.writer(), tenant, schedule.kind, first).await?;
    }
    Ok(removed)
}
