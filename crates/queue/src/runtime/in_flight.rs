//! Bookkeeping of the jobs in flight in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use uuid::Uuid;

use crate::{JobEntry, Lane, rows::Lease};

/// The ids in flight in a queue's worker, and their leases.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<InFlightState>);

#[derive(Debug, Default)]
struct InFlightState {
    ids: HashMap<Uuid, InFlightJob>,
    /// Batch → when the earliest of its leases expires.
    lease_ends: HashMap<u64, Instant>,
    batches: u64,
}

#[derive(Clone, Copy, Debug)]
struct InFlightJob {
    batch: u64,
    attempt: Option<i64>,
}

/// Ids that go to a handler together, and the slot they occupy. Dropping it takes its ids out of flight.
#[derive(Debug)]
pub struct Batch {
    pub jobs: Vec<(Uuid, Lane)>,
    pub number: u64,
    in_flight: Arc<InFlight>,
    _slot: OwnedSemaphorePermit,
}

impl InFlight {
    pub fn start_batch(self: &Arc<Self>, jobs: &[(Uuid, Lane)], slot: OwnedSemaphorePermit) -> Batch {
        let mut state = self.lock();
        state.batches += 1;
        let number = state.batches;
        let job = InFlightJob {
            batch: number,
            attempt: None,
        };
        state.ids.extend(jobs.iter().map(|(id, _)| (*id, job)));
        drop(state);
        Batch {
            jobs: jobs.to_vec(),
            number,
            in_flight: self.clone(),
            _slot: slot,
        }
    }

    pub fn len(&self) -> usize {
        self.lock().ids.len()
    }

    /// Returns all ids in flight, and the leases among them.
    pub fn ids_and_leases(&self) -> (Vec<Uuid>, Vec<Lease>) {
        let state = self.lock();
        let lease = |(id, job): (&Uuid, &InFlightJob)| job.attempt.map(|attempt| Lease { id: *id, attempt });
        (
            state.ids.keys().copied().collect(),
            state.ids.iter().filter_map(lease).collect(),
        )
    }

    /// Extends the leases of batches. A batch with a lease that was not renewed keeps its expiry.
    pub fn extend_leases(&self, leases: &[Lease], renewed: &[Uuid], until: Instant) {
        let mut state = self.lock();
        let renewed: std::collections::HashSet<&Uuid> = renewed.iter().collect();
        let batch_of = |lease: &Lease| state.ids.get(&lease.id).map(|job| job.batch);
        let failed = leases.iter().filter(|lease| !renewed.contains(&lease.id));
        let failed: std::collections::HashSet<u64> = failed.filter_map(batch_of).collect();
        let batches: Vec<u64> = leases
            .iter()
            .filter_map(batch_of)
            .filter(|batch| !failed.contains(batch))
            .collect();
        for batch in batches {
            state.lease_ends.insert(batch, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, InFlightState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Records that the batch's ids are leased, at these attempts.
    pub fn set_leases(&self, leases: &[Lease], until: Instant) {
        let mut state = self.in_flight.lock();
        for lease in leases {
            if let Some(job) = state.ids.get_mut(&lease.id) {
                job.attempt = Some(lease.attempt);
            }
        }
        state.lease_ends.insert(self.number, until);
    }

    /// Resolves when a lease of the batch expires; never, if nothing is leased.
    pub async fn lease_expired(&self) {
        loop {
            let Some(end) = self.in_flight.lock().lease_ends.get(&self.number).copied() else {
                return std::future::pending().await;
            };
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }

    /// Takes ids out of flight.
    pub fn remove(&self, ids: &[Uuid]) {
        let mut state = self.in_flight.lock();
        for id in ids {
            if state.ids.get(id).is_some_and(|job| job.batch == self.number) {
                state.ids.remove(id);
            }
        }
    }

    /// Returns the given ids as entries in their lanes.
    pub fn entries(&self, ids: &[Uuid], due: DateTime<Utc>) -> Vec<JobEntry> {
        let lane_of: HashMap<Uuid, Lane> = self.jobs.iter().copied().collect();
        let lane = |id| lane_of.get(&id).copied().unwrap_or_default();
        ids.iter()
            .map(|&id| JobEntry {
                id,
                due,
                lane: lane(id),
            })
            .collect()
    }

    pub fn ids(&self) -> Vec<Uuid> {
        self.jobs.iter().map(|(id, _)| *id).collect()
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.remove(&self.ids());
        self.in_flight.lock().lease_ends.remove(&self.number);
    }
}
