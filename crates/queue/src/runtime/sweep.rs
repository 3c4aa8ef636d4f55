//! The sweep: pushes due rows that the driver does not hold.

use std::{sync::Arc, time::Duration};

use super::queue_worker::QueueWorker;
use crate::{
    Depth, Error, Queue,
    rows::{self, DueCursor},
};

/// Interval of passes.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of passes while the table has more than the driver was given.
const REFILL_INTERVAL: Duration = Duration::from_millis(100);
/// Ids per lane up to which the sweep fills the driver. Pushes of new work may exceed it.
const FILL_LEVEL: usize = 20_000;
/// Pages per pass.
const PAGES_PER_PASS: usize = 10;
/// Maximum number of skipped passes, doubling, while the driver already holds most of a large backlog.
const MAX_SKIPPED_PASSES: u32 = 4;
/// It holds most when fewer than one in this many rows is new to it.
const NEW_ROWS_SHARE: usize = 4;
/// How long one process leads the sweep of a queue.
const LEADER_TERM: Duration = Duration::from_secs(3);

/// Pushes what the driver does not hold: rows whose push failed, was dropped or flushed, and rows that are nearly due. One process at a
/// time leads the sweep of a queue. An idle pass costs one command and one look at the end of an index.
pub async fn sweep(worker: Arc<QueueWorker>) {
    let (shared, queue) = (&worker.shared, &worker.spec.queue);
    let mut sweeper = Sweeper::default();
    let mut pause = Duration::ZERO;
    while tokio::time::timeout(pause, shared.stop.cancelled()).await.is_err() {
        pause = SWEEP_INTERVAL;
        if matches!(shared.queues.try_lead(queue, &shared.name, LEADER_TERM).await, Ok(true))
            && let Ok(Progress::More) = sweeper.pass(&worker).await
        {
            pause = REFILL_INTERVAL;
        }
    }
    drop(shared.queues.try_lead(queue, &shared.name, Duration::ZERO).await);
}

#[derive(Default)]
struct Sweeper {
    /// Where the last pass stopped.
    cursor: Option<DueCursor>,
    refilling: bool,
    /// Passes left to skip, and how many were skipped last time.
    skips_left: u32,
    skips: u32,
}

#[derive(PartialEq)]
enum Progress {
    More,
    CaughtUp,
}

enum SweepError {
    Driver,
    Database(sqlx::Error),
}

impl Sweeper {
    async fn pass(&mut self, worker: &QueueWorker) -> Result<Progress, ()> {
        let more = self.pages(worker).await;
        self.refilling = matches!(more, Ok(Progress::More));
        match more {
            Ok(more) => worker.shared.database.record::<_, Error>(Ok(more)).map_err(drop),
            // Recorded where it happened.
            Err(SweepError::Driver) => Err(()),
            Err(SweepError::Database(error)) => worker.shared.database.record(Err(error)).map_err(drop),
        }
    }

    async fn pages(&mut self, worker: &QueueWorker) -> Result<Progress, SweepError> {
        let (shared, queue) = (&worker.shared, &worker.spec.queue);
        let level = FILL_LEVEL.min(shared.queues.limit());
        let depth = shared.queues.depth(queue).await?;
        if depth.waiting() == 0 {
            // Everything pushed was processed or lost: start from the oldest row again.
            self.cursor = None;
            (self.skips_left, self.skips) = (0, 0);
        }
        if self.skips_left > 0 {
            self.skips_left -= 1;
            return Ok(Progress::CaughtUp);
        }
        if self.refilling && is_filled_to(queue, &depth, level / 2) {
            return Ok(Progress::More);
        }
        let (mut seen, mut added, mut dropped) = (0, 0, 0);
        for _ in 0..PAGES_PER_PASS {
            let mut page = rows::due_page(&shared.db, queue, self.cursor, shared.clock.now()).await?;
            if !page.expired.is_empty() {
                let (now, max) = (shared.clock.now(), worker.spec.max_attempts);
                let rescued = rows::rescue(&shared.db, queue, &page.expired, None, max, now).await?;
                page.pending.extend(rescued.requeue);
            }
            let pushed = shared.queues.push_up_to(queue, &page.pending, level).await?;
            seen += page.pending.len();
            added += pushed.new;
            dropped += pushed.dropped;
            metrics::counter!("mainstay_jobs_swept_total", "queue" => queue.name).increment(pushed.new as u64);
            if pushed.dropped > 0 && !queue.has_lanes() {
                return Ok(Progress::More);
            }
            self.cursor = page.next;
            if self.cursor.is_none() {
                break;
            }
        }
        if seen < rows::PAGE_SIZE || added * NEW_ROWS_SHARE >= seen {
            self.skips = 0;
            let done = self.cursor.is_none() || added == 0;
            return Ok(if done { Progress::CaughtUp } else { Progress::More });
        }
        // Rows that found their lane full must be pushed before it is empty.
        let max_skips = if dropped > 0 { 1 } else { MAX_SKIPPED_PASSES };
        self.skips = (self.skips * 2).clamp(1, max_skips);
        self.skips_left = self.skips;
        Ok(Progress::CaughtUp)
    }
}

/// Returns whether every lane in use holds at least `level` ids.
fn is_filled_to(queue: &Queue, depth: &Depth, level: usize) -> bool {
    if queue.has_lanes() {
        depth.lanes.iter().all(|&lane| lane >= level)
    } else {
        depth.waiting() >= level
    }
}

impl From<Error> for SweepError {
    fn from(_: Error) -> Self {
        SweepError::Driver
    }
}

impl From<sqlx::Error> for SweepError {
    fn from(error: sqlx::Error) -> Self {
        SweepError::Database(error)
    }
}
