//! Rescues rows of workers that disappeared.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{RowChange, apply_changes, open_rows};
use crate::{JobEntry, Lane, Queue, counts};
use mainstay_core::domain::WorkState;
use mainstay_db::{self as db, Db};

/// Stored as `last_error` of a row whose worker was killed.
const DISAPPEARED: &str = "the worker disappeared while it held the lease";

/// The result of [`rescue`].
#[derive(Debug, Default)]
pub struct Rescued {
    /// Jobs to queue again.
    pub requeue: Vec<JobEntry>,
    pub failed: i64,
    pub dead: i64,
}

/// Takes rows away from workers that have disappeared, and counts the attempt, so that a job that kills its process ends up dead and not in
/// a loop.
///
/// - A `running` row counted its attempt when it was claimed. Once its lease has expired it becomes pending, or dead after its last
///   attempt.
/// - A `pending` row that its worker lost (`lost`: the lease) counts the attempt now, provided that it has been due since before the lease
///   began. A row that was rescheduled since then was not lost; its worker only failed to tell the driver.
pub async fn rescue(
    db: &Db,
    queue: &Queue,
    ids: &[Uuid],
    lost: Option<Duration>,
    max_attempts: i64,
    now: DateTime<Utc>,
) -> db::Result<Rescued> {
    let mut tx = db.begin().await?;
    let since = lost.map(|lease| now - lease);
    let mut rescued = Rescued::default();
    let mut changes = Vec::new();
    for row in open_rows(tx.on(), queue, ids).await? {
        let attempts = row.attempts + i64::from(!row.is_running());
        let expired = if row.is_running() {
            row.due_at <= now
        } else {
            since.is_some_and(|since| row.due_at <= since)
        };
        if expired {
            let dead = attempts >= max_attempts;
            changes.push(RowChange {
                state: if dead { WorkState::Dead } else { WorkState::Pending },
                attempts,
                last_error: Some(DISAPPEARED.to_owned()),
                finished_at: dead.then_some(now),
                ..RowChange::unchanged(row)
            });
        } else if !row.is_running() {
            rescued.requeue.push(entry(&RowChange::unchanged(row)));
        }
    }
    let changed = apply_changes(tx.on(), queue, &changes).await?;
    for to in changes.iter().filter(|to| changed.contains(&to.was.id)) {
        rescued.failed += 1;
        if to.state == WorkState::Dead {
            rescued.dead += 1;
        } else {
            rescued.requeue.push(entry(to));
        }
    }
    if rescued.failed > 0 {
        counts::add(tx.on(), queue, now, 0, rescued.failed).await?;
        let count = u64::try_from(rescued.failed).unwrap_or(0);
        metrics::counter!("mainstay_jobs_rescued_total", "queue" => queue.name).increment(count);
    }
    tx.commit().await?;
    Ok(rescued)
}

fn entry(row: &RowChange) -> JobEntry {
    JobEntry {
        id: row.was.id,
        due: row.due_at,
        lane: Lane::from_number(row.was.lane),
    }
}
