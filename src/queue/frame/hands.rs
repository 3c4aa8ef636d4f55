use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use uuid::Uuid;

use crate::queue::{Entry, Lane, rows::Lease};

/// What a line has in hand in this process: ids, and the leases of those that are leased.
#[derive(Debug, Default)]
pub struct Hands(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    ids: HashMap<Uuid, Holding>,
    /// Batch → when the earliest of its leases ends.
    lease_ends: HashMap<u64, Instant>,
    batches: u64,
}

#[derive(Clone, Copy, Debug)]
struct Holding {
    batch: u64,
    attempt: Option<i64>,
}

/// Ids that go to a handler together, and the slot they occupy. Whatever becomes of it, its ids leave the hands with it.
#[derive(Debug)]
pub struct Batch {
    pub jobs: Vec<(Uuid, Lane)>,
    pub number: u64,
    hands: Arc<Hands>,
    _slot: OwnedSemaphorePermit,
}

impl Hands {
    pub fn batch(self: &Arc<Self>, jobs: &[(Uuid, Lane)], slot: OwnedSemaphorePermit) -> Batch {
        let mut held = self.lock();
        held.batches += 1;
        let number = held.batches;
        let holding = Holding {
            batch: number,
            attempt: None,
        };
        held.ids.extend(jobs.iter().map(|(id, _)| (*id, holding)));
        drop(held);
        Batch {
            jobs: jobs.to_vec(),
            number,
            hands: self.clone(),
            _slot: slot,
        }
    }

    pub fn len(&self) -> usize {
        self.lock().ids.len()
    }

    /// Everything in hand, and of these the leases.
    pub fn all(&self) -> (Vec<Uuid>, Vec<Lease>) {
        let held = self.lock();
        let lease = |(id, holding): (&Uuid, &Holding)| holding.attempt.map(|attempt| Lease { id: *id, attempt });
        (
            held.ids.keys().copied().collect(),
            held.ids.iter().filter_map(lease).collect(),
        )
    }

    /// Notes which leases were renewed; a batch of which one was not keeps the end it had.
    pub fn renewed(&self, leases: &[Lease], renewed: &[Uuid], until: Instant) {
        let mut held = self.lock();
        let renewed: std::collections::HashSet<&Uuid> = renewed.iter().collect();
        let batch_of = |lease: &Lease| held.ids.get(&lease.id).map(|holding| holding.batch);
        let failed = leases.iter().filter(|lease| !renewed.contains(&lease.id));
        let failed: std::collections::HashSet<u64> = failed.filter_map(batch_of).collect();
        let batches: Vec<u64> = leases
            .iter()
            .filter_map(batch_of)
            .filter(|batch| !failed.contains(batch))
            .collect();
        for batch in batches {
            held.lease_ends.insert(batch, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// The ids of the batch are leased now, at these attempts.
    pub fn lease(&self, leases: &[Lease], until: Instant) {
        let mut held = self.hands.lock();
        for lease in leases {
            if let Some(holding) = held.ids.get_mut(&lease.id) {
                holding.attempt = Some(lease.attempt);
            }
        }
        held.lease_ends.insert(self.number, until);
    }

    /// Ready when a lease of the batch ended without being renewed; never, if nothing is leased.
    pub async fn lease_ended(&self) {
        loop {
            let Some(end) = self.hands.lock().lease_ends.get(&self.number).copied() else {
                return std::future::pending().await;
            };
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }

    /// Lets go of some.
    pub fn let_go(&self, ids: &[Uuid]) {
        let mut held = self.hands.lock();
        for id in ids {
            if held.ids.get(id).is_some_and(|holding| holding.batch == self.number) {
                held.ids.remove(id);
            }
        }
    }

    /// The given ids as entries of their lanes.
    pub fn entries(&self, ids: &[Uuid], due: DateTime<Utc>) -> Vec<Entry> {
        let lane_of: HashMap<Uuid, Lane> = self.jobs.iter().copied().collect();
        let lane = |id| lane_of.get(&id).copied().unwrap_or_default();
        ids.iter()
            .map(|&id| Entry {
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
        self.let_go(&self.ids());
        self.hands.lock().lease_ends.remove(&self.number);
    }
}
