use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Hints, NotStored, PendingWebhook};
use crate::{
    db::{BatchReceiver, Db, is_unavailable},
    domain::Id,
    records::raw_events::{self, NewRawEvent},
};

/// The most bytes put into one commit, and the most webhooks: each counts for its share at least.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH: usize = 256;
const SHARE: usize = BATCH_BYTES / BATCH;
/// How often a database that failed is asked whether it is back.
const PROBE: Duration = Duration::from_millis(200);

/// One writer, also on PostgreSQL: two would make batches of half the size, and the cost is by the batch.
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
                // The sender may have gone away; its webhook is stored all the same.
                let _ = answer.send(result);
            }
            match result {
                Ok(()) => hints.send(events.iter().map(|event| event.id.uuid()).collect()),
                Err(_) => refuse_until_back(&db, &mut from, &shutdown).await,
            }
        }
    })
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
async fn refuse_until_back(db: &Db, from: &mut BatchReceiver<PendingWebhook>, shutdown: &CancellationToken) {
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
            batch = from.next(shutdown) => {
                let Some(batch) = batch else { return };
                for (_, answer) in batch {
                    let _ = answer.send(Err(NotStored::Unavailable));
                }
            }
        }
    }
}
