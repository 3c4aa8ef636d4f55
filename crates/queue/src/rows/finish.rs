//! Writes the outcomes of runs.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{RowChange, apply_changes, open_rows};
use crate::{Backoff, JobEntry, Lane, Outcome, Queue, counts};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, Db, KeyedRows};

/// Upper limit of a delay requested by the remote side.
const MAX_DELAY: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The outcome of a run for one row.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    pub id: Uuid,
    /// The claimed attempt, if the row was leased.
    pub attempt: Option<i64>,
    pub outcome: Outcome,
}

/// A job's limits on retries.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    pub max_attempts: i64,
    pub backoff: Backoff,
    /// Whether rows are tried again even after outcomes that end others.
    pub recurring: bool,
}

/// The result of [`write_ends`].
#[derive(Debug, Default)]
pub struct WrittenEnds {
    /// Jobs to queue again.
    pub requeue: Vec<JobEntry>,
    pub done: i64,
    pub failed: i64,
    /// Of the failed: jobs out of attempts or discarded.
    pub dead: i64,
}

/// Writes the outcomes of all rows and the counters in one transaction. Rows that changed since the run began (discarded by an operator,
/// lease expired) are left alone.
pub async fn write_ends(
    db: &Db,
    queue: &Queue,
    ends: Vec<FinishedRun>,
    policy: RetryPolicy,
    now: DateTime<Utc>,
) -> db::Result<WrittenEnds> {
    let mut ended = WrittenEnds::default();
    let (mut done, mut others) = (Vec::new(), Vec::new());
    for end in ends {
        match end.outcome {
            Outcome::Settled => {}
            Outcome::Rescheduled { until, lane } => ended.requeue.push(JobEntry {
                id: end.id,
                due: until,
                lane,
            }),
            Outcome::Done => done.push(end),
            _ => others.push(end),
        }
    }
    if done.is_empty() && others.is_empty() {
        return Ok(ended);
    }
    let mut tx = db.begin().await?;
    if !done.is_empty() {
        ended.done = i64::try_from(write_done(&mut tx, queue, &done, now).await?).unwrap_or(i64::MAX);
    }
    if !others.is_empty() {
        let changes = changes_for(&mut tx, queue, others, policy, now).await?;
        let changed = apply_changes(tx.on(), queue, &changes).await?;
        for to in changes.into_iter().filter(|to| changed.contains(&to.was.id)) {
            ended.count(&to);
        }
    }
    counts::add(tx.on(), queue, now, ended.done, ended.failed).await?;
    tx.commit().await?;
    Ok(ended)
}

impl WrittenEnds {
    fn count(&mut self, to: &RowChange) {
        match to.state {
            WorkState::Pending => {
                self.failed += i64::from(!to.is_snooze());
                self.requeue.push(JobEntry {
                    id: to.was.id,
                    due: to.due_at,
                    lane: Lane::from_number(to.was.lane),
                });
            }
            WorkState::Dead => {
                self.failed += 1;
                self.dead += 1;
            }
            _ => (),
        }
    }
}

impl RowChange {
    /// Returns whether the run does not count: the attempts are those from before it.
    fn is_snooze(&self) -> bool {
        self.attempts == self.was.attempts - i64::from(self.was.is_running())
    }
}

async fn write_done(tx: &mut db::Tx, queue: &Queue, done: &[FinishedRun], now: DateTime<Utc>) -> db::Result<u64> {
    const SQL: &str = "
        WITH r (rid, attempt, now) AS ({rows})
        UPDATE {t}
        SET state = 'done', attempts = attempts + CASE state WHEN 'pending' THEN 1 ELSE 0 END, last_error = NULL,
            finished_at = r.now {FROM r}
        WHERE {id = r.rid}
            AND ((state || '' = 'pending' AND r.attempt = 0) OR (state || '' = 'running' AND attempts = r.attempt))";
    let rows = done.iter().map(|end| (end.id, end.attempt.unwrap_or(0), now)).collect();
    KeyedRows::built(queue.sql(SQL), rows).run(tx.on()).await
}

async fn changes_for(
    tx: &mut db::Tx,
    queue: &Queue,
    ends: Vec<FinishedRun>,
    policy: RetryPolicy,
    now: DateTime<Utc>,
) -> db::Result<Vec<RowChange>> {
    let ids: Vec<Uuid> = ends.iter().map(|end| end.id).collect();
    let mut ends: HashMap<Uuid, FinishedRun> = ends.into_iter().map(|end| (end.id, end)).collect();
    let rows = open_rows(tx.on(), queue, &ids).await?;
    let of_this_run = rows.into_iter().filter_map(|row| {
        let end = ends.remove(&row.id)?;
        let ours = match end.attempt {
            Some(attempt) => row.is_running() && row.attempts == attempt,
            None => !row.is_running(),
        };
        ours.then(|| change_for(RowChange::unchanged(row), end.outcome, policy, now))
    });
    Ok(of_this_run.collect())
}

fn change_for(row: RowChange, outcome: Outcome, policy: RetryPolicy, now: DateTime<Utc>) -> RowChange {
    // The attempt of a leased row was counted when it was claimed.
    let before = row.attempts - i64::from(row.was.is_running());
    let attempts = before + 1;
    let failed = |rest: Duration, error: String| {
        let dead = attempts >= policy.max_attempts;
        RowChange {
            state: if dead { WorkState::Dead } else { WorkState::Pending },
            attempts,
            due_at: if dead { now } else { now + rest.min(MAX_DELAY) },
            last_error: Some(error),
            finished_at: dead.then_some(now),
            is_refused: false,
            was: row.was.clone(),
        }
    };
    let ended = |state: WorkState, why: String| RowChange {
        state,
        attempts,
        due_at: now,
        last_error: Some(why),
        finished_at: Some(now),
        is_refused: state == WorkState::Dead,
        was: row.was.clone(),
    };
    match outcome {
        Outcome::Settled | Outcome::Rescheduled { .. } | Outcome::Done => row,
        Outcome::Discard { error: reason } | Outcome::Quarantine { reason } if policy.recurring => {
            failed(policy.backoff.after(attempts), reason)
        }
        Outcome::Retry { error } => failed(policy.backoff.after(attempts), error),
        Outcome::RetryAfter { after, error } => failed(after, error),
        Outcome::Discard { error } => ended(WorkState::Dead, error),
        Outcome::Quarantine { reason } => ended(WorkState::Quarantined, reason),
        Outcome::Snooze { until } => pending_again(before, until, row),
        Outcome::Release { after } => pending_again(before, now + after, row),
    }
}

fn pending_again(attempts: i64, due_at: DateTime<Utc>, row: RowChange) -> RowChange {
    RowChange {
        state: WorkState::Pending,
        attempts,
        due_at,
        ..row
    }
}
