//! The intake writer: group commit of webhooks, and refusal while the database is unavailable.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Hints, NotStored, PendingWebhook};
use crate::{
    db::{BatchReceiver, Db, is_unavailable},
    domain::Id,
    records::raw_events::{self, NewRawEvent},
};

/// Maximum bytes and webhooks per commit. A webhook weighs at least [`SHARE`] bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH: usize = 256;
const SHARE: usize = BATCH_BYTES / BATCH;
/// Interval between probes of a database that failed.
const PROBE: Duration = Duration::from_millis(200);

/// Starts the writer task. One writer, also on PostgreSQL: two would halve the batches, and the cost is per batch.
pub(super) fn spawn(
    db: Db,
    from: mpsc::Receiver<PendingWebhook>,
    hints: Hints,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let mut from =
        BatchReceiver::new(BATCH_BYTES, from).with_weight(|(event, _): &PendingWebhook| event.body.len().max(SHARE));
    #[expect(
        clippy::disallowed_methods,
        reason = "the writer outlives the requests; the handle is awaited by `Drained`"
    )]
    tokio::spawn(async move {
        while let Some(batch) = from.next(&shutdown).await {
            let (events, answers): (Vec<NewRawEvent>, Vec<_>) = batch.into_iter().unzip();
            metrics::histogram!("mainstay_intake_batch_size").record(events.len() as f64);
            let result = write(&db, &events).await;
            for answer in answers {
                // The request may be gone; its webhook is stored all the same.
                let _ = answer.send(result);
            }
            match result {
                Ok(()) => hints.send(events.iter().map(|event| event.id.uuid()).collect()),
                Err(_) => refuse_until_back(&db, &mut from, &shutdown).await,
            }
        }
    })
}

/// Stores a batch, with one retry on a broken connection.
async fn write(db: &Db, events: &[NewRawEvent]) -> Result<(), NotStored> {
    let mut result = raw_events::insert(db, events).await;
    // The connection may have been stale, and the commit may have succeeded before it broke. After a pool timeout nothing was sent,
    // and callers have waited long enough.
    let broke = |error: &sqlx::Error| is_unavailable(error) && !matches!(error, sqlx::Error::PoolTimedOut);
    if result.as_ref().is_err_and(broke) {
        result = raw_events::insert_again(db, events).await;
    }
    result.map_err(|error| {
        tracing::error!(%error, events = events.len(), "webhooks could not be stored; answered 503, and Meta will retry");
        metrics::counter!("mainstay_intake_failures_total").increment(1);
        NotStored::Unavailable
    })
}

/// Refuses webhooks at once until the database answers again, instead of letting each request wait for a timeout.
async fn refuse_until_back(db: &Db, from: &mut BatchReceiver<PendingWebhook>, shutdown: &CancellationToken) {
    let mut probe = tokio::time::interval(PROBE);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = probe.tick() => {
                let alive = tokio::time::timeout(PROBE, raw_events::probe(db.writer())).await;
                if matches!(alive, Ok(Ok(()))) {
                    return;
                }
                // Counts the interval from the end of the probe, so that waiting requests are answered between probes.
                probe.reset();
            }
            batch = from.next(shutdown) => {
                let Some(batch) = batch else { return };
                for (_, answer) in batch {
                    let _ = answer.send(Err(NotStored::Unavailable));
                }
            }
        }
    }
}
