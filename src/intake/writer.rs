use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Hints, NotStored, Waiting};
use crate::{
    db::{Db, is_unavailable},
    domain::Id,
    store::raw_events::{self, NewRawEvent},
};

/// The most webhooks, and the most bytes, put into one commit.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// How often a database that failed is asked whether it is back.
const PROBE: Duration = Duration::from_millis(200);

/// One writer, also on PostgreSQL: two would make batches of half the size, and the cost is by the batch.
pub(super) fn spawn(
    db: Db,
    mut from: mpsc::Receiver<Waiting>,
    hints: Hints,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the writer outlives the requests; the handle is awaited by `Drained`"
    )]
    tokio::spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        while gather(&mut from, &mut batch, &shutdown).await {
            let events: Vec<NewRawEvent> = batch.iter().map(|waiting| waiting.event.clone()).collect();
            metrics::histogram!("mainstay_intake_batch_size").record(events.len() as f64);
            let result = write(&db, &events).await;
            for waiting in batch.drain(..) {
                // The sender may have gone away; its webhook is stored all the same.
                let _ = waiting.answer.send(result);
            }
            match result {
                Ok(()) => hints.give(events.iter().map(|event| event.id.uuid()).collect()),
                Err(_) => refuse_until_back(&db, &mut from, &shutdown).await,
            }
        }
    })
}

/// Takes what is waiting, at least one; false when the process ends and nothing waits any more.
async fn gather(from: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>, shutdown: &CancellationToken) -> bool {
    let first = tokio::select! {
        biased;
        first = from.recv() => first,
        () = shutdown.cancelled() => from.try_recv().ok(),
    };
    let Some(first) = first else { return false };
    let mut bytes = first.event.body.len();
    batch.push(first);
    while batch.len() < BATCH
        && bytes < BATCH_BYTES
        && let Ok(next) = from.try_recv()
    {
        bytes += next.event.body.len();
        batch.push(next);
    }
    true
}

async fn write(db: &Db, events: &[NewRawEvent]) -> Result<(), NotStored> {
    let mut result = raw_events::insert(db, events).await;
    // The connection may merely be stale, and the commit may have gone through before it broke. Where there was none to be had,
    // nothing was sent, and callers have waited long enough.
    let broke = |error: &sqlx::Error| is_unavailable(error) && !matches!(error, sqlx::Error::PoolTimedOut);
    if result.as_ref().is_err_and(broke) {
        result = raw_events::insert_again(db, events).await;
    }
    result.map_err(|error| {
        tracing::error!(%error, events = events.len(), "webhooks could not be stored; Meta is told to send them again");
        metrics::counter!("mainstay_intake_failures_total").increment(1);
        NotStored::Unavailable
    })
}

/// Answers at once while the database is away, instead of letting callers wait for a time-out each.
async fn refuse_until_back(db: &Db, from: &mut mpsc::Receiver<Waiting>, shutdown: &CancellationToken) {
    let mut probe = tokio::time::interval(PROBE);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = probe.tick() => {
                let alive = tokio::time::timeout(PROBE, raw_events::probe(db)).await;
                if matches!(alive, Ok(Ok(()))) {
                    return;
                }
                // The callers' turn, however long that took.
                probe.reset();
            }
            waiting = from.recv() => {
                let Some(waiting) = waiting else { return };
                let _ = waiting.answer.send(Err(NotStored::Unavailable));
            }
        }
    }
}
