//! Work that recurs at planned times.
//!
//! A schedule has a cron pattern in a time zone, and a task that is made at each planned time, once, however many workers there are. It is a
//! row of a recurring queue, so that whoever leases it [fires](fire::fire): run, task and next time are one commit. The task is worked on
//! by the queue of its kind, and its end is written to the run.

mod ending;
pub mod fire;
mod manage;
mod overview;
pub mod plan;
pub mod store;
mod system;

pub(crate) use ending::{remove_old, run_task};
pub(crate) use manage::{ScheduleError, pause, resume, run_now};
pub(crate) use overview::{ScheduleOverview, find, list, runs};
pub use system::plan_system;
pub(crate) use system::{CLEAN_CACHE, RETENTION, RETRY_DEAD};

use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::Db,
    domain::{Id, TenantId},
    queue::{Queue, Queues, Recurring},
};

/// The queue of schedules.
pub const SCHEDULES: Queue = Queue::new("schedules", "schedules").recurring(Recurring::by_id());

/// What plans and runs schedules.
#[derive(Clone)]
pub struct ScheduleService {
    pub db: Db,
    pub clock: Clock,
    pub queues: Queues,
    /// The name of this process, noted with the runs that it starts.
    pub worker: String,
    /// The time zone of the installation's own schedules.
    pub zone: Tz,
}

/// Returns the tenant of the installation's own schedules: none that there is.
pub fn installation() -> TenantId {
    TenantId::from_uuid(Uuid::nil())
}
