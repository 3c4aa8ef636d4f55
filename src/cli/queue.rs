//! `mainstay queue`.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{ArgGroup, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::{CommandOutput, OperatorContext};
use crate::{
    domain::WorkState,
    jobs::{self, QUEUES, id_prefix},
    queue::{
        Queue,
        admin::{self, JobCursor, JobRow, JobState, QueueStats},
        dead_letters::{self, DeadLetterStats},
    },
};

/// Jobs that are read at a time.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the queues, or the jobs of one.
    List {
        /// A queue whose jobs are listed.
        #[arg(value_parser = named)]
        name: Option<&'static Queue>,
        /// `pending`, `scheduled`, `running`, `done`, `dead`, `quarantined` or `discarded`.
        #[arg(long, value_parser = state, default_value = "dead", requires = "name")]
        state: JobState,
        /// Most jobs that are listed.
        #[arg(long, default_value = "50", value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Pause a queue: within half a second workers take nothing more from it.
    Pause(NamedQueue),
    /// Resume a queue.
    Resume(NamedQueue),
    /// Make jobs due now, with their attempts counted from zero.
    Retry(NamedJobs),
    /// Discard jobs for good.
    Discard(NamedJobs),
    /// Archive dead jobs: they are not revived any more, and messages among them fail.
    Archive(NamedJobs),
    /// Count the dead letters of every queue, with their commonest errors.
    Dead,
}

/// A queue by its name.
#[derive(Debug, clap::Args)]
pub(crate) struct NamedQueue {
    #[arg(value_parser = named)]
    name: &'static Queue,
}

/// Jobs of a queue: by their ids, or all that are dead.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").args(["ids", "dead"]).required(true))]
pub(crate) struct NamedJobs {
    #[command(flatten)]
    queue: NamedQueue,
    /// Ids of jobs, as `queue list` shows them.
    #[arg(value_parser = job_id)]
    ids: Vec<Uuid>,
    /// All jobs that are dead now.
    #[arg(long)]
    dead: bool,
}

fn named(name: &str) -> Result<&'static Queue, String> {
    let found = QUEUES.iter().find(|queue| queue.name == name);
    let names: Vec<&str> = QUEUES.iter().map(|queue| queue.name).collect();
    found.ok_or_else(|| format!("the queues are {}", names.join(", ")))
}

fn state(text: &str) -> Result<JobState, String> {
    JobState::parse(text).ok_or_else(|| format!("use one of {}", JobState::ALL.map(JobState::as_str).join(", ")))
}

/// Parses a job id, with or without the prefix of its kind.
fn job_id(text: &str) -> Result<Uuid, &'static str> {
    let digits = text.rsplit_once('_').map_or(text, |(_, digits)| digits);
    Uuid::try_parse(digits).map_err(|_| "the id of a job ends with 32 hexadecimal digits")
}

#[derive(Serialize)]
#[serde(transparent)]
struct Listed(QueueStats);

#[derive(Serialize)]
#[serde(transparent)]
struct CountedDead(DeadLetterStats);

#[derive(Serialize)]
struct ListedJob {
    id: String,
    state: WorkState,
    attempts: i64,
    due_at: DateTime<Utc>,
    last_error: Option<String>,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Switched {
    name: &'static str,
    paused: bool,
}

#[derive(Serialize)]
struct Changed {
    queue: &'static str,
    /// What the jobs are now.
    state: WorkState,
    changed: usize,
    /// Jobs that do not exist, or whose state does not permit it.
    left: Vec<String>,
}

impl Command {
    pub async fn run(self, operator: &OperatorContext) -> anyhow::Result<CommandOutput> {
        let (db, now) = (&operator.registry.db, operator.registry.clock.now());
        match self {
            Command::List { name: None, .. } => {
                let mut all = Vec::with_capacity(QUEUES.len());
                for queue in QUEUES {
                    all.push(Listed(admin::stats(db, &operator.queues, queue, now).await?));
                }
                CommandOutput::list(&all, "no queues")
            }
            Command::List {
                name: Some(queue),
                state,
                limit,
            } => {
                let rows = admin::jobs(db, queue, state, limit.into(), None, now).await?;
                let jobs: Vec<ListedJob> = rows.into_iter().map(|row| ListedJob::of(queue, row)).collect();
                CommandOutput::list(&jobs, &format!("no job of {} is {}", queue.name, state.as_str()))
            }
            Command::Pause(NamedQueue { name: queue }) => {
                admin::pause(db, queue, now).await?;
                Switched::answer(queue, true)
            }
            Command::Resume(NamedQueue { name: queue }) => {
                admin::resume(db, queue).await?;
                Switched::answer(queue, false)
            }
            Command::Retry(jobs) => jobs.change(operator, WorkState::Pending).await,
            Command::Discard(jobs) => jobs.change(operator, WorkState::Discarded).await,
            Command::Archive(jobs) => jobs.change(operator, WorkState::Dead).await,
            Command::Dead => {
                let mut all = Vec::with_capacity(QUEUES.len());
                for queue in QUEUES {
                    all.push(CountedDead(dead_letters::dead_letter_stats(db, queue).await?));
                }
                CommandOutput::list(&all, "no queues")
            }
        }
    }
}

impl NamedJobs {
    async fn change(self, operator: &OperatorContext, to: WorkState) -> anyhow::Result<CommandOutput> {
        let queue = self.queue.name;
        let ids = match self.dead {
            true => dead(operator, queue).await?,
            false => self.ids,
        };
        let (db, now) = (&operator.registry.db, operator.registry.clock.now());
        let mut changed = Vec::with_capacity(ids.len());
        for page in ids.chunks(PAGE as usize) {
            changed.extend(match to {
                WorkState::Discarded => admin::discard(db, queue, page, now).await?,
                WorkState::Dead => jobs::dead_letters::archive((db, &operator.registry.clock), queue, page).await?,
                _ => admin::retry(db, &operator.queues, queue, page, now).await?,
            });
        }
        let left = ids.iter().filter(|id| !changed.contains(id));
        let left: Vec<String> = left.map(|id| shown(queue, *id)).collect();
        let failed = !left.is_empty() && !self.dead;
        let answer = Changed {
            queue: queue.name,
            state: to,
            changed: changed.len(),
            left,
        };
        Ok(CommandOutput::new(&answer)?.failed_if(failed))
    }
}

/// Returns the ids of all dead jobs.
async fn dead(operator: &OperatorContext, queue: &Queue) -> anyhow::Result<Vec<Uuid>> {
    let (db, now) = (&operator.registry.db, operator.registry.clock.now());
    let (mut found, mut after): (Vec<Uuid>, Option<JobCursor>) = (Vec::new(), None);
    loop {
        let page = admin::jobs(db, queue, JobState::Dead, PAGE, after, now).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.cursor());
        found.extend(page.iter().map(|row| row.id));
    }
}

fn shown(queue: &Queue, id: Uuid) -> String {
    format!("{}_{}", id_prefix(queue), id.simple())
}

impl ListedJob {
    fn of(queue: &Queue, row: JobRow) -> Self {
        Self {
            id: shown(queue, row.id),
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            last_error: row.last_error,
            finished_at: row.finished_at,
        }
    }
}

impl Switched {
    fn answer(queue: &Queue, paused: bool) -> anyhow::Result<CommandOutput> {
        CommandOutput::new(&Self {
            name: queue.name,
            paused,
        })
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueStats {
            name,
            pending,
            scheduled,
            running,
            dead,
            ..
        } = &self.0;
        write!(
            f,
            "{name:<18} pending {pending}  scheduled {scheduled}  running {running}  dead {dead}"
        )?;
        if let Some(seconds) = self.0.oldest_pending_seconds.filter(|_| *pending > 0) {
            write!(f, "  oldest due for {seconds:.0} s")?;
        }
        match self.0.paused {
            true => f.write_str("  paused"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for CountedDead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeadLetterStats {
            queue,
            dead,
            archived,
            revived,
            recovered,
            ..
        } = &self.0;
        write!(
            f,
            "{queue:<18} dead {dead}  archived {archived}  revived {revived}  recovered {recovered}"
        )?;
        let mut errors = self.0.errors.iter();
        errors.try_for_each(|it| write!(f, "\n  {} times: {}", it.jobs, it.error))
    }
}

impl fmt::Display for ListedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = self.due_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "{}  {}  attempts {}  due {due}", self.id, self.state, self.attempts)?;
        match &self.last_error {
            Some(error) => write!(f, "  {error}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Switched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.paused { "paused" } else { "resumed" };
        write!(f, "{} is {verb}", self.name)
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.state {
            WorkState::Discarded => "discarded",
            WorkState::Dead => "archived",
            _ => "due again",
        };
        write!(f, "{} jobs of {} are {verb}", self.changed, self.queue)?;
        let mut left = self.left.iter();
        left.try_for_each(|id| write!(f, "\nnot {verb}: {id} is not there, or done or running"))
    }
}
