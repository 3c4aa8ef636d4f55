//! Wakes endpoint jobs after commits that created deliveries.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::{BatchReceiver, Db, Hint, Result},
    queue::{JobEntry, Lane, Queues, recurring},
    webhooks::store::endpoints::ENDPOINT_JOBS,
};

/// Maximum number of commits whose hints are handled together.
const MAX_COMMITS: usize = 64;

/// Wakes the endpoint jobs named by hints, until `done`. Housekeeping finds those whose hint is lost.
pub async fn wake(db: Db, clock: Clock, queues: Queues, hints: mpsc::Receiver<Vec<Hint>>, done: CancellationToken) {
    let mut commits = BatchReceiver::new(MAX_COMMITS, hints);
    while let Some(batches) = commits.next(&done).await {
        let ids: BTreeSet<Uuid> = batches.into_iter().flatten().map(|hint| hint.id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        if let Err(error) = wake_endpoints(&db, &clock, &queues, &ids).await {
            tracing::debug!(%error, "endpoint jobs could not be woken; housekeeping finds them");
        }
    }
}

async fn wake_endpoints(db: &Db, clock: &Clock, queues: &Queues, ids: &[Uuid]) -> Result<()> {
    let now = clock.now();
    let woken = recurring::wake(db.writer(), &ENDPOINT_JOBS, ids, now).await?;
    enqueue(queues, &woken, now).await;
    Ok(())
}

/// Pushes endpoint jobs to the queue. The sweep finds those that cannot be pushed; the queue counts and logs its own outages.
pub(crate) async fn enqueue(queues: &Queues, endpoints: &[Uuid], due: DateTime<Utc>) {
    let entry = |&id: &Uuid| JobEntry {
        id,
        due,
        lane: Lane::Normal,
    };
    let entries: Vec<JobEntry> = endpoints.iter().map(entry).collect();
    if !entries.is_empty() {
        let _ = queues.push_or_run_again(&ENDPOINT_JOBS, &entries).await;
    }
}
