//! Detection of jobs that crash their process. A job of a [`Claim::Locked`](crate::Claim::Locked) queue leaves no trace in its row
//! before it is finished, so the worker writes a marker of the jobs in flight.
//!
//! 1. Before a batch runs, the markers of other workers are read, unless there were none half a second ago. A job named by one was in
//!    flight in a process that died.
//! 2. Such a job is suspected: it runs alone, after the others, and the run is counted before it begins.
//! 3. A run that returns, successful or not, clears the job. One that does not is found by the next worker, until the job is dead.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::queue_worker::QueueWorker;
use crate::rows::{self, Marker, MarkerOwner};
use mainstay_db as db;

/// Minimum age of other processes' markers where workers share a database: the marker of a running batch is usually younger. A false
/// suspicion costs one run alone.
const MIN_AGE: TimeDelta = TimeDelta::seconds(2);

/// How long the absence of other workers' markers is cached, to save a query per batch. A worker that dies meanwhile can crash one more,
/// uncounted.
const ABSENCE_CACHED: TimeDelta = TimeDelta::milliseconds(500);

/// The markers of a queue's worker.
#[derive(Debug, Default)]
pub struct WorkerMarkers {
    free: Mutex<Vec<Uuid>>,
    used: Mutex<HashSet<Uuid>>,
    /// When there were no markers of other workers.
    none_at: Mutex<Option<DateTime<Utc>>>,
}

/// A batch, split by suspicion.
#[derive(Debug, Default)]
pub struct SortedBatch {
    pub together: Vec<Uuid>,
    /// Run alone, those with the fewest crashes first.
    pub suspected: Vec<Uuid>,
}

impl WorkerMarkers {
    /// Separates suspected jobs and marks the others as in flight. The marker must be freed with [`free`](Self::free).
    pub async fn mark(&self, worker: &QueueWorker, jobs: Vec<Uuid>) -> db::Result<(SortedBatch, Option<Uuid>)> {
        let shared = &worker.shared;
        let now = shared.clock.now();
        let found = self.of_other_workers(worker, now).await?;
        let sorted = sort(worker, jobs, found).await?;
        if sorted.together.is_empty() {
            return Ok((sorted, None));
        }
        let marker = self.next_marker();
        let owner = MarkerOwner {
            marker,
            worker: &shared.name,
        };
        let writing = rows::put_marker(&shared.db, &worker.spec.queue, owner, &sorted.together, now);
        writing.await?;
        Ok((sorted, Some(marker)))
    }

    /// Reads the markers of other workers; skipped while their absence is cached.
    async fn of_other_workers(&self, worker: &QueueWorker, now: DateTime<Utc>) -> db::Result<Vec<Marker>> {
        let shared = &worker.shared;
        let is_recent = |none_at: DateTime<Utc>| (none_at..none_at + ABSENCE_CACHED).contains(&now);
        if self
            .none_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(is_recent)
        {
            return Ok(Vec::new());
        }
        let before = if shared.db.is_postgres() { now - MIN_AGE } else { now };
        let found = rows::markers_of_other_workers(&shared.db, &worker.spec.queue, &shared.name, before).await?;
        *self.none_at.lock().unwrap_or_else(PoisonError::into_inner) = found.is_empty().then_some(now);
        Ok(found)
    }

    /// Makes a marker reusable. Its jobs have ended and are not taken up again.
    pub fn free(&self, marker: Option<Uuid>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).extend(marker);
    }

    /// Removes all markers. Nothing is in flight any more.
    pub async fn remove_all(&self, worker: &QueueWorker) {
        let used: Vec<Uuid> = self
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
            .collect();
        if !used.is_empty() {
            // Markers that remain are deleted by housekeeping.
            drop(rows::remove_markers(worker.shared.db.writer(), &used).await);
        }
    }

    fn next_marker(&self) -> Uuid {
        if let Some(marker) = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return marker;
        }
        let marker = Uuid::from_u128(rand::random());
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(marker);
        marker
    }
}

async fn sort(worker: &QueueWorker, jobs: Vec<Uuid>, found: Vec<Marker>) -> db::Result<SortedBatch> {
    let ours: HashSet<Uuid> = jobs.iter().copied().collect();
    let of_ours: Vec<Marker> = found
        .into_iter()
        .filter(|marker| marker.jobs().any(|job| ours.contains(&job)))
        .collect();
    if of_ours.is_empty() {
        return Ok(SortedBatch {
            together: jobs,
            suspected: Vec::new(),
        });
    }
    let mut crashes: HashMap<Uuid, i64> = HashMap::new();
    for marker in &of_ours {
        for job in marker.jobs() {
            crashes.insert(job, marker.crashes);
        }
    }
    let several: Vec<Marker> = of_ours.into_iter().filter(|marker| !marker.is_single()).collect();
    if !several.is_empty() {
        let (shared, queue) = (&worker.shared, &worker.spec.queue);
        rows::split_markers(&shared.db, queue, &several, shared.clock.now()).await?;
    }
    let (mut suspected, together): (Vec<Uuid>, Vec<Uuid>) = jobs.into_iter().partition(|job| crashes.contains_key(job));
    suspected.sort_by_key(|job| crashes[job]);
    tracing::warn!(
        queue = worker.spec.queue.name,
        jobs = suspected.len(),
        "queues: a process died with these jobs in flight; each is run alone"
    );
    let count = suspected.len() as u64;
    metrics::counter!("mainstay_jobs_suspected_total", "queue" => worker.spec.queue.name).increment(count);
    Ok(SortedBatch { together, suspected })
}
