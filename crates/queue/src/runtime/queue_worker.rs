//! The state that a queue's tasks share.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    crashes::WorkerMarkers,
    in_flight::{Batch, InFlight},
    job_spec::JobSpec,
};
use crate::{JobEntry, Queues, outage::Outage};
use mainstay_core::clock::Clock;
use mainstay_db::Db;

/// The state shared by all queue workers of a process.
pub struct Shared {
    pub db: Db,
    pub queues: Queues,
    pub clock: Clock,
    /// The id of this process in the table of workers.
    pub name: String,
    /// The paused queues; none until they have been read.
    pub paused: watch::Receiver<Option<HashSet<String>>>,
    pub database: Outage,
    /// Stop fetching.
    pub stop: CancellationToken,
    /// Abort what is still in flight.
    pub abort: CancellationToken,
    /// Nothing is in flight any more.
    pub end: CancellationToken,
}

/// The worker of one queue in this process.
pub struct QueueWorker {
    pub shared: Arc<Shared>,
    pub spec: JobSpec,
    pub in_flight: Arc<InFlight>,
    /// Markers of jobs in flight, where rows are not leased.
    pub markers: WorkerMarkers,
    /// Free slots for batches.
    pub slots: Arc<Semaphore>,
    settlements: mpsc::Sender<Settlement>,
    /// The driver could not be told of settled ids, so it would hand them out again. No fetches meanwhile.
    unsettled: AtomicBool,
    resting_until: Mutex<Instant>,
}

/// Ids to settle with the driver: those to take out of flight, and those to queue.
#[derive(Debug, Default)]
pub struct Settlement {
    pub settled: Vec<Uuid>,
    pub requeue: Vec<JobEntry>,
}

impl QueueWorker {
    pub fn new(shared: Arc<Shared>, spec: JobSpec) -> (Arc<Self>, mpsc::Receiver<Settlement>) {
        let (sender, settlements) = mpsc::channel(1_024);
        let worker = Self {
            shared,
            spec,
            in_flight: Arc::default(),
            markers: WorkerMarkers::default(),
            slots: Arc::new(Semaphore::new(spec.concurrency)),
            settlements: sender,
            unsettled: AtomicBool::new(false),
            resting_until: Mutex::new(Instant::now()),
        };
        (Arc::new(worker), settlements)
    }

    pub fn is_paused(&self) -> bool {
        let paused = self.shared.paused.borrow();
        paused
            .as_ref()
            .is_none_or(|paused| paused.contains(self.spec.queue.name))
    }

    /// Stops fetching for a time, because a dependency is unavailable.
    pub fn rest(&self, time: Duration) {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + time;
    }

    pub fn resting_until(&self) -> Instant {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_unsettled(&self, unsettled: bool) {
        self.unsettled.store(unsettled, Ordering::Relaxed);
    }

    pub fn has_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Relaxed)
    }

    /// Takes ids of a batch out of flight and has the lease keeper settle them with the driver.
    pub async fn settle(&self, batch: &Batch, settled: Vec<Uuid>, requeue: Vec<JobEntry>) {
        if settled.is_empty() && requeue.is_empty() {
            return;
        }
        batch.remove(&settled);
        if self.settlements.send(Settlement { settled, requeue }).await.is_err() {
            // The lease keeper stops last, after everything is settled, so this batch outlived the drain limit.
            tracing::warn!(
                queue = self.spec.queue.name,
                "queues: a job finished after its worker had stopped"
            );
        }
    }

    /// Queues ids again whose jobs were not run.
    pub async fn release(&self, batch: &Batch, ids: Vec<Uuid>, after: Duration) {
        let name = self.spec.queue.name;
        metrics::counter!("mainstay_jobs_total", "queue" => name, "outcome" => "released").increment(ids.len() as u64);
        let requeue = batch.entries(&ids, self.shared.clock.now() + after);
        self.settle(batch, ids, requeue).await;
    }
}
