//! What is shown of schedules.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ScheduleError, ScheduleService,
    store::{
        runs::{self, StoredRun},
        schedules::{self, StoredSchedule},
    },
};
use crate::{
    db::Result,
    domain::{Ctx, MissedRunPolicy, ScheduleId, TaskKind, WorkState},
};

/// Runs that are shown with a schedule.
const LAST_RUNS: i64 = 5;

/// A schedule, with its last runs.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleOverview {
    pub id: ScheduleId,
    pub name: String,
    #[schema(inline)]
    pub kind: TaskKind,
    /// A cron pattern of five fields, or six that begin with the seconds.
    pub cron: String,
    /// The IANA zone in whose local time the pattern is meant.
    pub time_zone: String,
    #[schema(inline)]
    pub missed: MissedRunPolicy,
    /// Seconds after a planned time from which it counts as missed.
    pub grace_seconds: i64,
    /// The next planned time; of a paused schedule, the one at which it was paused.
    pub next_at: DateTime<Utc>,
    /// How long the next planned time has passed; 0 before it, and while the schedule is paused.
    pub lag_seconds: f64,
    #[schema(required)]
    pub paused_at: Option<DateTime<Utc>>,
    #[schema(inline)]
    pub state: WorkState,
    /// Failures to start it since the last success.
    pub failures: i64,
    #[schema(required)]
    pub last_error: Option<String>,
    /// The process that started the last run; null before the first.
    #[schema(required)]
    pub worker: Option<String>,
    /// The last five runs, newest first.
    pub last_runs: Vec<StoredRun>,
}

/// Lists the schedules of a tenant by name.
pub(crate) async fn list(service: &ScheduleService, ctx: &Ctx) -> Result<Vec<ScheduleOverview>> {
    let mut shown = Vec::new();
    for schedule in schedules::list(service.db.reader(), ctx.tenant).await? {
        shown.push(show(service, schedule).await?);
    }
    Ok(shown)
}

/// Finds a schedule by its name.
pub(crate) async fn find(
    service: &ScheduleService,
    ctx: &Ctx,
    name: &str,
) -> std::result::Result<ScheduleOverview, ScheduleError> {
    let found = schedules::find(service.db.reader(), ctx.tenant, name).await?;
    let schedule = found.ok_or_else(|| ScheduleError::Unknown(name.to_owned()))?;
    Ok(show(service, schedule).await?)
}

/// Lists the runs of a schedule that were planned before a time, newest first.
pub(crate) async fn runs(
    service: &ScheduleService,
    ctx: &Ctx,
    name: &str,
    before: Option<DateTime<Utc>>,
    limit: i64,
) -> std::result::Result<Vec<StoredRun>, ScheduleError> {
    let found = schedules::find(service.db.reader(), ctx.tenant, name).await?;
    let schedule = found.ok_or_else(|| ScheduleError::Unknown(name.to_owned()))?;
    let before = before.unwrap_or_else(|| service.clock.now() + TimeDelta::days(1));
    Ok(runs::list(service.db.reader(), ctx.tenant, schedule.id, before, limit).await?)
}

async fn show(service: &ScheduleService, schedule: StoredSchedule) -> Result<ScheduleOverview> {
    let now = service.clock.now();
    let last_runs = runs::list(
        service.db.reader(),
        schedule.tenant_id,
        schedule.id,
        now + TimeDelta::days(1),
        LAST_RUNS,
    )
    .await?;
    let is_running = i64::from(schedule.state == WorkState::Running);
    Ok(ScheduleOverview {
        id: schedule.id,
        name: schedule.name,
        kind: schedule.kind,
        cron: schedule.cron,
        time_zone: schedule.time_zone,
        missed: schedule.missed,
        grace_seconds: schedule.grace_s,
        next_at: schedule.next_at,
        lag_seconds: match schedule.paused_at {
            Some(_) => 0.0,
            None => (now - schedule.next_at).as_seconds_f64().max(0.0),
        },
        paused_at: schedule.paused_at,
        state: schedule.state,
        failures: schedule.attempts - is_running,
        last_error: schedule.last_error,
        worker: last_runs.first().map(|run| run.worker.clone()),
        last_runs,
    })
}
