use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::{Batches, Db, Hint, Result},
    domain::{EndpointId, Id},
    queue::{Entry, Lane, Queues},
    webhooks::store::endpoints::{self, LINES},
};

/// Commits whose hints are followed together.
const TOGETHER: usize = 64;

/// Wakes the lines of endpoints for which something was committed, until `done`. What gets lost here is found by housekeeping.
pub async fn wake((db, clock, queues): (Db, Clock, Queues), hints: mpsc::Receiver<Vec<Hint>>, done: CancellationToken) {
    let mut commits = Batches::of(TOGETHER, hints);
    while let Some(told) = commits.next(&done).await {
        let lines = told.into_iter().flatten().filter(|hint| hint.queue == LINES.name);
        let ids: BTreeSet<Uuid> = lines.map(|hint| hint.id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        if let Err(error) = rouse(&db, &clock, &queues, &ids).await {
            tracing::debug!(%error, "lines of deliveries could not be woken; housekeeping finds them");
        }
    }
}

async fn rouse(db: &Db, clock: &Clock, queues: &Queues, ids: &[Uuid]) -> Result<()> {
    let now = clock.now();
    let woken = endpoints::wake_lines(db, ids, now).await?;
    offer(queues, &woken, now).await;
    Ok(())
}

/// Offers lines that are due. What cannot be queued is found by the sweep; the queue counts and logs its own outages.
pub async fn offer(queues: &Queues, lines: &[EndpointId], due: DateTime<Utc>) {
    let entry = |id: &EndpointId| Entry {
        id: id.uuid(),
        due,
        lane: Lane::Normal,
    };
    let entries: Vec<Entry> = lines.iter().map(entry).collect();
    if !entries.is_empty() {
        let _ = queues.recall(&LINES, &entries).await;
    }
}
