//! Jobs that a process may have died of. A job of a [`Claim::Locked`](crate::queue::Claim::Locked) queue writes nothing of its row before
//! it is finished, so the worker writes a marker of what it takes in hand.
//!
//! 1. Before a batch runs, markers of other workers are read, unless there were none half a second ago. A job that one of them names was in hand of a process that is gone.
//! 2. Such a job is suspected: it runs alone, after the others, and the run is counted before it begins.
//! 3. A run that returns, well or not, clears the job. One that does not is found by the next worker, until the job is dead.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::line::Line;
use crate::{
    db,
    queue::rows::{self, Marker},
};

/// How old markers of other processes are before they count, where workers share a database: a batch in hand is younger, as a rule. A
/// false suspicion costs one run alone.
const SETTLED: TimeDelta = TimeDelta::seconds(2);

/// For how long it is remembered that other workers have no markers, so that not every batch asks. A worker that dies meanwhile may take
/// one more with it, uncounted.
const REMEMBERED: TimeDelta = TimeDelta::milliseconds(500);

/// The markers of one line.
#[derive(Debug, Default)]
pub struct Markers {
    free: Mutex<Vec<Uuid>>,
    used: Mutex<HashSet<Uuid>>,
    /// When there were no markers of other workers.
    none_at: Mutex<Option<DateTime<Utc>>>,
}

/// A batch, sorted.
#[derive(Debug, Default)]
pub struct Sorted {
    pub together: Vec<Uuid>,
    /// To be run alone, those with the fewest crashes first.
    pub suspected: Vec<Uuid>,
}

impl Markers {
    /// Finds the suspected among the jobs and marks the others as in hand; the marker is to be given back.
    pub async fn take(&self, line: &Line, jobs: Vec<Uuid>) -> db::Result<(Sorted, Option<Uuid>)> {
        let shared = &line.shared;
        let now = shared.clock.now();
        let found = self.of_others(line, now).await?;
        let sorted = sort(line, jobs, found).await?;
        if sorted.together.is_empty() {
            return Ok((sorted, None));
        }
        let marker = self.free();
        let put = rows::put(
            &shared.db,
            &line.terms.queue,
            (marker, &shared.name),
            &sorted.together,
            now,
        );
        put.await?;
        Ok((sorted, Some(marker)))
    }

    /// The markers of other workers; none for a while after there were none.
    async fn of_others(&self, line: &Line, now: DateTime<Utc>) -> db::Result<Vec<Marker>> {
        let shared = &line.shared;
        let is_known = |none_at: DateTime<Utc>| (none_at..none_at + REMEMBERED).contains(&now);
        if self
            .none_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(is_known)
        {
            return Ok(Vec::new());
        }
        let before = if shared.db.is_postgres() { now - SETTLED } else { now };
        let found = rows::of_others(&shared.db, &line.terms.queue, &shared.name, before).await?;
        *self.none_at.lock().unwrap_or_else(PoisonError::into_inner) = found.is_empty().then_some(now);
        Ok(found)
    }

    /// The marker may stand for something else. What it says until then has ended and is not taken up again.
    pub fn give_back(&self, marker: Option<Uuid>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).extend(marker);
    }

    /// Removes the markers; nothing is in hand any more.
    pub async fn remove(&self, line: &Line) {
        let used: Vec<Uuid> = self
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
            .collect();
        if !used.is_empty() {
            // What stays is forgotten in time.
            drop(rows::end(&line.shared.db, &used).await);
        }
    }

    fn free(&self) -> Uuid {
        if let Some(marker) = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return marker;
        }
        let marker = Uuid::from_u128(rand::random());
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(marker);
        marker
    }
}

async fn sort(line: &Line, jobs: Vec<Uuid>, found: Vec<Marker>) -> db::Result<Sorted> {
    let ours: HashSet<Uuid> = jobs.iter().copied().collect();
    let of_ours: Vec<Marker> = found
        .into_iter()
        .filter(|marker| marker.jobs().any(|job| ours.contains(&job)))
        .collect();
    if of_ours.is_empty() {
        return Ok(Sorted {
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
        let (shared, queue) = (&line.shared, &line.terms.queue);
        rows::split(&shared.db, queue, &several, shared.clock.now()).await?;
    }
    let (mut suspected, together): (Vec<Uuid>, Vec<Uuid>) = jobs.into_iter().partition(|job| crashes.contains_key(job));
    suspected.sort_by_key(|job| crashes[job]);
    tracing::warn!(
        queue = line.terms.queue.name,
        jobs = suspected.len(),
        "queues: a process died with these jobs in hand; each is run alone"
    );
    let count = suspected.len() as u64;
    metrics::counter!("mainstay_jobs_suspected_total", "queue" => line.terms.queue.name).increment(count);
    Ok(Sorted { together, suspected })
}
