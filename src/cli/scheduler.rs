//! `mainstay scheduler`.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::Ctx,
    schedule::{self, ScheduleOverview, store::runs::StoredRun},
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the schedules, or the runs of one.
    List {
        /// A schedule whose runs are listed.
        name: Option<String>,
        /// Most runs that are listed.
        #[arg(long, default_value = "50", value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Run a schedule now, once; its planned times stay as they are.
    Run(NamedSchedule),
    /// Pause a schedule: nothing of it is started until it is resumed.
    Pause(NamedSchedule),
    /// Resume a schedule at its next planned time.
    Resume(NamedSchedule),
}

/// A schedule by its name.
#[derive(Debug, clap::Args)]
pub(crate) struct NamedSchedule {
    name: String,
}

#[derive(Serialize)]
#[serde(transparent)]
struct ListedSchedule(ScheduleOverview);

#[derive(Serialize)]
#[serde(transparent)]
struct ListedRun(StoredRun);

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let (service, ctx) = (operator.schedules(), Ctx::operator(schedule::installation()));
        match self {
            Command::List { name: None, .. } => {
                let all = schedule::list(&service, &ctx).await?;
                let all: Vec<ListedSchedule> = all.into_iter().map(ListedSchedule).collect();
                CommandOutput::list(&all, "no schedules: a worker plans them when it starts")
            }
            Command::List {
                name: Some(name),
                limit,
            } => {
                let runs = schedule::runs(&service, &ctx, &name, None, limit.into()).await?;
                let runs: Vec<ListedRun> = runs.into_iter().map(ListedRun).collect();
                CommandOutput::list(&runs, &format!("{name} has not run yet"))
            }
            Command::Run(NamedSchedule { name }) => {
                CommandOutput::new(&ListedRun(schedule::run_now(&service, &ctx, &name).await?))
            }
            Command::Pause(NamedSchedule { name }) => {
                schedule::pause(&service, &ctx, &name).await?;
                CommandOutput::new(&ListedSchedule(schedule::find(&service, &ctx, &name).await?))
            }
            Command::Resume(NamedSchedule { name }) => {
                schedule::resume(&service, &ctx, &name).await?;
                CommandOutput::new(&ListedSchedule(schedule::find(&service, &ctx, &name).await?))
            }
        }
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl fmt::Display for ListedSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schedule = &self.0;
        write!(
            f,
            "{:<12} {:<14} {}  next {}",
            schedule.name,
            schedule.cron,
            schedule.time_zone,
            shown(schedule.next_at)
        )?;
        if schedule.lag_seconds >= 1.0 {
            write!(f, "  late {:.0} s", schedule.lag_seconds)?;
        }
        if let Some(run) = schedule.last_runs.first() {
            write!(f, "  last {} {}", shown(run.planned_at), run.status)?;
        }
        match schedule.paused_at {
            Some(at) => write!(f, "  paused since {}", shown(at)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ListedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.0;
        write!(f, "{}  {}", shown(run.planned_at), run.status)?;
        if run.skipped > 0 {
            write!(f, "  {} before it missed", run.skipped)?;
        }
        match &run.error {
            Some(error) => write!(f, "  {error}"),
            None => Ok(()),
        }
    }
}
