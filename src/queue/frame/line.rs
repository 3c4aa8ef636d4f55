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
    crashes::Markers,
    hands::{Batch, Hands},
    terms::Terms,
};
use crate::{
    clock::Clock,
    db::Db,
    queue::{Entry, Queues, outage::Outage},
};

/// What the lines of a process share.
pub struct Shared {
    pub db: Db,
    pub queues: Queues,
    pub clock: Clock,
    /// The name of this process among the workers.
    pub name: String,
    /// Which queues are paused; none until it is known.
    pub paused: watch::Receiver<Option<HashSet<String>>>,
    pub database: Outage,
    /// Take nothing more.
    pub stop: CancellationToken,
    /// Let go of what is still in hand.
    pub give_up: CancellationToken,
    /// Nothing is in hand any more.
    pub end: CancellationToken,
}

/// One kind of job in this process.
pub struct Line {
    pub shared: Arc<Shared>,
    pub terms: Terms,
    pub hands: Arc<Hands>,
    /// Of what it has in hand, where rows are not leased.
    pub markers: Markers,
    /// Room for batches.
    pub slots: Arc<Semaphore>,
    keeper: mpsc::Sender<Settlement>,
    /// The driver has not been told yet what is finished, so it would offer it again.
    owing: AtomicBool,
    rests_until: Mutex<Instant>,
}

/// What the driver is to be told.
#[derive(Debug, Default)]
pub struct Settlement {
    pub gone: Vec<Uuid>,
    pub again: Vec<Entry>,
}

impl Line {
    pub fn new(shared: Arc<Shared>, terms: Terms) -> (Arc<Self>, mpsc::Receiver<Settlement>) {
        let (keeper, settlements) = mpsc::channel(1_024);
        let line = Self {
            shared,
            terms,
            hands: Arc::default(),
            markers: Markers::default(),
            slots: Arc::new(Semaphore::new(terms.concurrency)),
            keeper,
            owing: AtomicBool::new(false),
            rests_until: Mutex::new(Instant::now()),
        };
        (Arc::new(line), settlements)
    }

    pub fn is_paused(&self) -> bool {
        let paused = self.shared.paused.borrow();
        paused
            .as_ref()
            .is_none_or(|paused| paused.contains(self.terms.queue.name))
    }

    /// Takes nothing for a moment, because what the job stands on is away.
    pub fn rest(&self, time: Duration) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + time;
    }

    pub fn rests_until(&self) -> Instant {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_owing(&self, owing: bool) {
        self.owing.store(owing, Ordering::Relaxed);
    }

    pub fn is_owing(&self) -> bool {
        self.owing.load(Ordering::Relaxed)
    }

    /// Lets go of ids of a batch: the keeper tells the driver.
    pub async fn settle(&self, batch: &Batch, gone: Vec<Uuid>, again: Vec<Entry>) {
        if gone.is_empty() && again.is_empty() {
            return;
        }
        batch.let_go(&gone);
        if self.keeper.send(Settlement { gone, again }).await.is_err() {
            // The keeper leaves last and only after everything was let go, so this is a batch that outlived the process' patience.
            tracing::warn!(
                queue = self.terms.queue.name,
                "queues: a job ended after its worker had left"
            );
        }
    }

    /// Gives ids back that nothing was done for.
    pub async fn release(&self, batch: &Batch, ids: Vec<Uuid>, after: Duration) {
        let name = self.terms.queue.name;
        metrics::counter!("mainstay_jobs_total", "queue" => name, "outcome" => "released").increment(ids.len() as u64);
        let again = batch.entries(&ids, self.shared.clock.now() + after);
        self.settle(batch, ids, again).await;
    }
}
