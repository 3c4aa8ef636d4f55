//! The installation's own schedules.

use super::{
    ScheduleService, installation,
    plan::CronPlan,
    store::schedules::{self, StoredSchedule},
};
use crate::{
    db::Result,
    domain::{MissedRunPolicy, TaskKind, WorkState},
    queue::Queue,
};

/// The queue of tasks that remove what is past its retention.
pub(crate) const RETENTION: Queue = Queue::of_kind("retention", "tasks", "retention");
/// The queue of tasks that clean caches.
pub(crate) const CLEAN_CACHE: Queue = Queue::of_kind("clean-cache", "tasks", "clean_cache");
/// The queue of tasks that revive and archive dead letters.
pub(crate) const RETRY_DEAD: Queue = Queue::of_kind("retry-dead", "tasks", "retry_dead");

/// (name, kind of its tasks, queue of that kind, cron pattern) of the schedules that every installation has.
const SYSTEM: &[(&str, TaskKind, Queue, &str)] = &[
    ("clean_cache", TaskKind::CleanCache, CLEAN_CACHE, "0 2 * * *"),
    ("retention", TaskKind::Retention, RETENTION, "*/10 * * * *"),
    ("retry_dead", TaskKind::RetryDead, RETRY_DEAD, "*/5 * * * *"),
];

/// Seconds after a planned time within which a run is not late.
const GRACE_S: i64 = 60;

/// Returns the queue of the tasks of a kind, if schedules make such.
pub(super) fn queue_of(kind: TaskKind) -> Option<&'static Queue> {
    SYSTEM.iter().find(|it| it.1 == kind).map(|it| &it.2)
}

/// Creates the schedules that are missing, and changes those whose pattern or zone is another one. Safe to call from every process.
pub async fn plan_system(service: &ScheduleService) -> Result<()> {
    let now = service.clock.now();
    for (name, kind, _, cron) in SYSTEM {
        let zone = service.zone.name();
        let plan = CronPlan::parse(cron, zone).and_then(|plan| plan.next(now));
        let schedule = StoredSchedule {
            id: service.clock.new_id(),
            tenant_id: installation(),
            name: (*name).to_owned(),
            kind: *kind,
            cron: (*cron).to_owned(),
            time_zone: zone.to_owned(),
            payload: "{}".to_owned(),
            missed: MissedRunPolicy::Start,
            grace_s: GRACE_S,
            paused_at: None,
            next_at: plan.expect("the pattern is one of ours, which a test parses"),
            state: WorkState::Pending,
            attempts: 0,
            last_error: None,
        };
        schedules::plan(service.db.writer(), &schedule, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_a_next_time_and_every_kind_its_queue() {
        for (name, kind, queue, cron) in SYSTEM {
            let plan = CronPlan::parse(cron, "Asia/Kathmandu").unwrap();
            plan.next(chrono::DateTime::UNIX_EPOCH).unwrap();
            assert_eq!(*name, kind.as_str());
            assert_eq!(queue_of(*kind), Some(queue));
        }
    }
}
