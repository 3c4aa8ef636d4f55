use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use uuid::Uuid;

use super::{hands::Batch, line::Line};
use crate::queue::{
    Claim,
    driver::{CHUNK, Taken},
    rows,
};

/// An idle worker looks by itself this often, in case nobody rang.
const IDLE: Duration = Duration::from_secs(1);
/// The rest after the driver failed.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
/// How often a paused or resting line looks whether it may go on.
const CLOSED: Duration = Duration::from_millis(50);

/// Takes ids while there is room for them, and hands them on in batches, until told to stop.
pub async fn feed(line: Arc<Line>, batches: mpsc::Sender<Batch>) {
    let stop = &line.shared.stop;
    let mut bell = line.shared.queues.bell(&line.terms.queue);
    loop {
        let slots = free_slots(&line).await;
        until_open(&line).await;
        if stop.is_cancelled() {
            return;
        }
        match take(&line, slots, &batches).await {
            Next::Now => (),
            Next::After(pause) => drop(tokio::time::timeout(pause, stop.cancelled()).await),
            Next::Wait(time) => bell.wait(interrupted(&line, time)).await,
        }
    }
}

enum Next {
    Now,
    After(Duration),
    Wait(Duration),
}

async fn take(line: &Line, mut slots: Vec<OwnedSemaphorePermit>, batches: &mpsc::Sender<Batch>) -> Next {
    let (terms, queues) = (&line.terms, &line.shared.queues);
    let wanted = (slots.len() * terms.batch).min(CHUNK);
    let Ok(taken) = queues.take(&terms.queue, wanted, terms.held()).await else {
        return Next::After(AFTER_FAILURE);
    };
    let waited = waiting(line, &taken);
    for jobs in taken.ids.chunks(terms.batch) {
        let Some(slot) = slots.pop() else { break };
        if batches.send(line.hands.batch(jobs, slot)).await.is_err() {
            return Next::After(AFTER_FAILURE);
        }
    }
    drop(slots);
    if !taken.lost.is_empty() {
        found(line, &taken.lost).await;
        return Next::Now;
    }
    match taken.ids.len() {
        0 => Next::Wait(waited),
        1 => Next::Now,
        few if few < wanted => Next::After(terms.linger),
        _ => Next::Now,
    }
}

/// Notes how long the oldest had waited, and tells how long until something is due.
fn waiting(line: &Line, taken: &Taken) -> Duration {
    let now = line.shared.queues.now_ms();
    let between = |from: i64, to: i64| Duration::from_millis(u64::try_from(to - from).unwrap_or(0));
    if let Some(due) = taken.first_due_ms {
        let name = line.terms.queue.name;
        metrics::histogram!("mainstay_queue_wait_seconds", "queue" => name).record(between(due, now).as_secs_f64());
    }
    taken.next_due_ms.map_or(IDLE, |due| between(now, due).min(IDLE))
}

/// Ids that another worker had and was not heard of any more.
async fn found(line: &Line, lost: &[Uuid]) {
    let (shared, terms) = (&line.shared, &line.terms);
    let now = shared.clock.now();
    // What a process died of in a queue that is not leased is told by its markers.
    let lease = (terms.claim == Claim::Leased).then_some(terms.lease);
    let rescued = rows::rescue(&shared.db, &terms.queue, lost, lease, terms.max_attempts, now).await;
    match shared.database.note(rescued) {
        Ok(rescued) => {
            tracing::warn!(
                queue = terms.queue.name,
                lost = lost.len(),
                counted = rescued.failed,
                dead = rescued.dead,
                "queues: a worker disappeared; its jobs go to others"
            );
            // If this fails, they are lost once more when the lease of this take ends.
            drop(shared.queues.settle(&terms.queue, lost, &rescued.again).await);
        }
        Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
    }
}

/// Waits for one free slot and takes all there are, as far as they can be filled at once. None when it is time to stop.
async fn free_slots(line: &Line) -> Vec<OwnedSemaphorePermit> {
    let first = tokio::select! {
        slot = line.slots.clone().acquire_owned() => slot,
        () = line.shared.stop.cancelled() => return Vec::new(),
    };
    let more = std::iter::from_fn(|| line.slots.clone().try_acquire_owned().ok());
    first.into_iter().chain(more).take(CHUNK).collect()
}

async fn until_open(line: &Line) {
    let stop = &line.shared.stop;
    while !stop.is_cancelled() && (line.is_paused() || line.is_owing() || line.rests_until() > Instant::now()) {
        drop(tokio::time::timeout(CLOSED, stop.cancelled()).await);
    }
}

/// Ready after the time, or when there is another reason to stop waiting.
async fn interrupted(line: &Line, time: Duration) {
    let mut paused = line.shared.paused.clone();
    paused.mark_unchanged();
    tokio::select! {
        () = tokio::time::sleep(time) => (),
        () = line.shared.stop.cancelled() => (),
        _ = paused.changed() => (),
    }
}
