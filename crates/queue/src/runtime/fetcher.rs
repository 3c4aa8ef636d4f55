//! Fetches ids from the driver while there are free slots.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use uuid::Uuid;

use super::{in_flight::Batch, queue_worker::QueueWorker};
use crate::{
    Claim,
    driver::{CHUNK, FetchedIds},
    rows,
};

/// Poll interval of an idle worker, in case a wake-up is missed.
const IDLE_POLL: Duration = Duration::from_secs(1);
/// The pause after a failure of the driver.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);
/// Poll interval of a paused or resting worker.
const PAUSED_POLL: Duration = Duration::from_millis(50);

/// Fetches ids while there are free slots and sends them on in batches, until stopped.
pub async fn fetch_batches(worker: Arc<QueueWorker>, batches: mpsc::Sender<Batch>) {
    let stop = &worker.shared.stop;
    let mut wakeup = worker.shared.queues.wakeup(&worker.spec.queue);
    loop {
        let slots = free_slots(&worker).await;
        wait_until_open(&worker).await;
        if stop.is_cancelled() {
            return;
        }
        match fetch(&worker, slots, &batches).await {
            Next::Now => (),
            Next::After(pause) => drop(tokio::time::timeout(pause, stop.cancelled()).await),
            Next::Wait(time) => wakeup.wait(sleep_or_interrupt(&worker, time)).await,
        }
    }
}

enum Next {
    Now,
    After(Duration),
    Wait(Duration),
}

async fn fetch(worker: &QueueWorker, mut slots: Vec<OwnedSemaphorePermit>, batches: &mpsc::Sender<Batch>) -> Next {
    let (spec, queues) = (&worker.spec, &worker.shared.queues);
    let wanted = (slots.len() * spec.batch).min(CHUNK);
    let Ok(taken) = queues.fetch(&spec.queue, wanted, spec.driver_lease()).await else {
        return Next::After(FAILURE_PAUSE);
    };
    let waited = record_wait(worker, &taken);
    for jobs in taken.ids.chunks(spec.batch) {
        let Some(slot) = slots.pop() else { break };
        if batches.send(worker.in_flight.start_batch(jobs, slot)).await.is_err() {
            return Next::After(FAILURE_PAUSE);
        }
    }
    drop(slots);
    if !taken.lost.is_empty() {
        rescue_lost(worker, &taken.lost).await;
        return Next::Now;
    }
    match taken.ids.len() {
        0 => Next::Wait(waited),
        1 => Next::Now,
        few if few < wanted => Next::After(spec.linger),
        _ => Next::Now,
    }
}

/// Records how long the oldest id had been due, and returns the time until the next one is.
fn record_wait(worker: &QueueWorker, taken: &FetchedIds) -> Duration {
    let now = worker.shared.queues.now_ms();
    let between = |from: i64, to: i64| Duration::from_millis(u64::try_from(to - from).unwrap_or(0));
    if let Some(due) = taken.first_due_ms {
        let name = worker.spec.queue.name;
        metrics::histogram!("mainstay_queue_wait_seconds", "queue" => name).record(between(due, now).as_secs_f64());
    }
    taken
        .next_due_ms
        .map_or(IDLE_POLL, |due| between(now, due).min(IDLE_POLL))
}

/// Rescues ids whose previous lease expired.
async fn rescue_lost(worker: &QueueWorker, lost: &[Uuid]) {
    let (shared, spec) = (&worker.shared, &worker.spec);
    let now = shared.clock.now();
    // In queues without leases, markers detect crashes.
    let lease = (spec.claim == Claim::Leased).then_some(spec.lease);
    let rescued = rows::rescue(&shared.db, &spec.queue, lost, lease, spec.max_attempts, now).await;
    match shared.database.record(rescued) {
        Ok(rescued) => {
            tracing::warn!(
                queue = spec.queue.name,
                lost = lost.len(),
                counted = rescued.failed,
                dead = rescued.dead,
                "queues: a worker disappeared; its jobs are queued again"
            );
            // If this fails, they count as lost again when the lease of this fetch expires.
            drop(shared.queues.settle(&spec.queue, lost, &rescued.requeue).await);
        }
        Err(_) => tokio::time::sleep(FAILURE_PAUSE).await,
    }
}

/// Waits for a free slot and takes all that are free, as far as one fetch can fill them. Returns none when stopping.
async fn free_slots(worker: &QueueWorker) -> Vec<OwnedSemaphorePermit> {
    let first = tokio::select! {
        slot = worker.slots.clone().acquire_owned() => slot,
        () = worker.shared.stop.cancelled() => return Vec::new(),
    };
    let more = std::iter::from_fn(|| worker.slots.clone().try_acquire_owned().ok());
    first.into_iter().chain(more).take(CHUNK).collect()
}

async fn wait_until_open(worker: &QueueWorker) {
    let stop = &worker.shared.stop;
    while !stop.is_cancelled()
        && (worker.is_paused() || worker.has_unsettled() || worker.resting_until() > Instant::now())
    {
        drop(tokio::time::timeout(PAUSED_POLL, stop.cancelled()).await);
    }
}

/// Sleeps, at most until the worker is stopped or the pauses change.
async fn sleep_or_interrupt(worker: &QueueWorker, time: Duration) {
    let mut paused = worker.shared.paused.clone();
    paused.mark_unchanged();
    tokio::select! {
        () = tokio::time::sleep(time) => (),
        () = worker.shared.stop.cancelled() => (),
        _ = paused.changed() => (),
    }
}
