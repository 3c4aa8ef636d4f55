use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{RowChange, change, standing};
use crate::{
    db::{self, Db},
    domain::WorkState,
    queue::{Entry, Lane, Queue, counts},
};

/// What a row says whose worker was killed.
const DISAPPEARED: &str = "the worker that held it disappeared";

/// Rows that were found again.
#[derive(Debug, Default)]
pub struct Rescued {
    /// To be queued again.
    pub again: Vec<Entry>,
    pub failed: i64,
    pub dead: i64,
}

/// Takes rows from workers that are not heard of any more, so that a job which kills its process ends dead and not in a circle.
///
/// A leased row counted its attempt when it was claimed; once its lease has ended it is pending again, or dead if that was its last
/// attempt. A pending row that its worker lost (`lost`) counts the attempt now, provided that it has been due since before the lease
/// began: one that was put off meanwhile was not lost, only its worker could not say so to the driver.
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
    for row in standing(&mut tx, queue, ids).await? {
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
                ..RowChange::none(row)
            });
        } else if !row.is_running() {
            rescued.again.push(entry(&RowChange::none(row)));
        }
    }
    let changed = change(&mut tx, queue, &changes).await?;
    for to in changes.iter().filter(|to| changed.contains(&to.was.id)) {
        rescued.failed += 1;
        if to.state == WorkState::Dead {
            rescued.dead += 1;
        } else {
            rescued.again.push(entry(to));
        }
    }
    if rescued.failed > 0 {
        counts::add(&mut tx, queue, now, 0, rescued.failed).await?;
        let count = u64::try_from(rescued.failed).unwrap_or(0);
        metrics::counter!("mainstay_jobs_rescued_total", "queue" => queue.name).increment(count);
    }
    tx.commit().await?;
    Ok(rescued)
}

fn entry(row: &RowChange) -> Entry {
    Entry {
        id: row.was.id,
        due: row.due_at,
        lane: Lane::of(row.was.lane),
    }
}
