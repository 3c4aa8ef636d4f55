//! Planned times: when a cron pattern is due in a time zone.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{
    Cron, JobType,
    parser::{CronParser, Seconds},
};

use crate::local_time::instant_of;

/// Missed times that are counted; there may be more.
const MAX_SKIPPED: i64 = 10_000;
/// How far back the newest of more missed times is looked for.
const NEWEST_WITHIN: TimeDelta = TimeDelta::days(1);

/// A pattern or zone that cannot be read, or that has no next time.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the cron pattern {0:?} cannot be read: {1}")]
    Cron(String, String),
    #[error("there is no time zone {0:?}")]
    Zone(String),
    #[error("the cron pattern {0:?} has no next time")]
    Never(String),
}

/// A cron pattern in the local time of a zone.
///
/// - A pattern of fixed times (no `*` nor step in its seconds, minutes and hours) runs once for each: one that the clocks skip at the first
///   instant after it, one that comes twice the first time.
/// - Any other pattern runs whenever the local time fits: not at times that the clocks skip, twice at times that come twice.
#[derive(Clone, Debug)]
pub struct CronPlan {
    cron: Cron,
    zone: Tz,
    is_fixed: bool,
}

/// What is due of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTimes {
    /// The newest planned time that has come.
    pub planned: DateTime<Utc>,
    /// Planned times before it that have no run.
    pub skipped: i64,
    /// The first planned time that has not come.
    pub next: DateTime<Utc>,
}

impl CronPlan {
    /// Parses a pattern of five fields, or six that begin with the seconds, and an IANA zone.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, PlanError> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let parsed = parser.parse(cron);
        let cron = parsed.map_err(|error| PlanError::Cron(cron.to_owned(), error.to_string()))?;
        let zone = Tz::from_str(zone).map_err(|_| PlanError::Zone(zone.to_owned()))?;
        let is_fixed = cron.determine_job_type() == JobType::FixedTime;
        Ok(Self { cron, zone, is_fixed })
    }

    /// Returns the first planned time after `after`.
    pub fn next(&self, after: DateTime<Utc>) -> Result<DateTime<Utc>, PlanError> {
        let never = || PlanError::Never(self.cron.pattern.to_string());
        if !self.is_fixed {
            let local = after.with_timezone(&self.zone);
            let next = self.cron.find_next_occurrence(&local, false);
            return next.map(|next| next.with_timezone(&Utc)).map_err(|_| never());
        }
        // Local times as if they were UTC, which skips and repeats none. A time that was skipped just before `after` may be due after it.
        let mut local = after.with_timezone(&self.zone).naive_local().and_utc();
        loop {
            local = self.cron.find_next_occurrence(&local, false).map_err(|_| never())?;
            let next = instant_of(local.naive_utc(), self.zone).ok_or_else(never)?;
            if next > after {
                return Ok(next);
            }
        }
    }

    /// Returns what is due at `now` of the times from `planned` on; `None` before `planned`.
    pub fn due(&self, planned: DateTime<Utc>, now: DateTime<Utc>) -> Result<Option<DueTimes>, PlanError> {
        if planned > now {
            return Ok(None);
        }
        let mut due = DueTimes {
            planned,
            skipped: 0,
            next: self.next(planned)?,
        };
        while due.next <= now {
            if due.skipped == MAX_SKIPPED {
                // Beyond the count only the newest matters.
                let from = due.next.max(now - NEWEST_WITHIN);
                due.next = self.next(from - TimeDelta::microseconds(1))?;
                if due.next > now {
                    break;
                }
            }
            due.planned = due.next;
            due.skipped = (due.skipped + 1).min(MAX_SKIPPED + 1);
            due.next = self.next(due.planned)?;
        }
        Ok(Some(due))
    }
}
