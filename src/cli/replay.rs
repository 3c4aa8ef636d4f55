//! `mainstay replay`.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::ArgGroup;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::{RawEventId, WorkState},
    inbound::replay::{Replayed, Selection, replay},
};

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").args(["ids", "from", "to", "state"]).required(true).multiple(true))]
pub struct Args {
    /// Ids of raw events, separated by commas.
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["from", "to", "state"])]
    ids: Vec<RawEventId>,
    /// Received at this time or later: RFC 3339, or a date in UTC.
    #[arg(long, value_parser = time)]
    from: Option<DateTime<Utc>>,
    /// Received before this time: RFC 3339, or a date in UTC.
    #[arg(long, value_parser = time)]
    to: Option<DateTime<Utc>>,
    /// Only webhooks in this state: `dead`, `done`, `pending`, `quarantined` or `discarded`. By default all but the discarded.
    #[arg(long, value_parser = state)]
    state: Option<WorkState>,
    /// Print what would be replayed, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let selection = if self.ids.is_empty() {
            Selection::Range {
                from: self.from,
                to: self.to,
                state: self.state,
            }
        } else {
            Selection::Ids(self.ids)
        };
        let registry = &operator.registry;
        let report = replay(&registry.db, registry.clock.now(), selection, self.dry_run).await?;
        CommandOutput::with_text(&report, Words(&report).to_string())
    }
}

/// Parses a time: RFC 3339, or a date in UTC.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "use RFC 3339, e.g. 2026-11-01T12:30:00Z, or a date, e.g. 2026-11-01".to_owned())
}

fn state(text: &str) -> Result<WorkState, String> {
    match WorkState::parse(text) {
        Some(WorkState::Running) => Err("running events cannot be replayed: a worker is processing them".to_owned()),
        Some(state) => Ok(state),
        None => Err("use dead, done, pending, quarantined or discarded".to_owned()),
    }
}

struct Words<'a>(&'a Replayed);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        if report.dry_run {
            write!(f, "{} events match; none was changed (dry run)", report.matched)?;
        } else {
            write!(
                f,
                "{} of {} matching events are due again",
                report.replayed, report.matched
            )?;
        }
        for id in &report.sample {
            write!(f, "\n  {id}")?;
        }
        let more = report.matched.saturating_sub(report.sample.len() as u64);
        if more > 0 {
            write!(f, "\n  and {more} more")
        } else {
            Ok(())
        }
    }
}
