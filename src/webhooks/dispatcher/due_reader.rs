//! BatchReceiver the reads of due deliveries.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    db::{BatchReceiver, Db, Submission, is_unavailable, submit},
    domain::EndpointId,
    webhooks::{
        WebhookService,
        store::deliveries::{self, DueDelivery, DueQuery},
    },
};

/// Maximum number of queries in one statement.
const MAX_BATCH: usize = 128;
/// Maximum number of waiting queries.
const MAX_WAITING: usize = 1_024;

type Answer = sqlx::Result<Vec<DueDelivery>>;
type Query = Submission<DueQuery, Answer>;

/// The handle for reading due deliveries.
pub(crate) struct DueReader(mpsc::Sender<Query>);

/// The background task that combines queries: those that arrive during a read share the next statement.
pub(crate) struct DueBatcher {
    db: Db,
    clock: Clock,
    from: BatchReceiver<Query>,
}

impl DueReader {
    pub fn new(with: &WebhookService) -> (Self, DueBatcher) {
        let (to, from) = mpsc::channel(MAX_WAITING);
        let batcher = DueBatcher {
            db: with.db.clone(),
            clock: with.clock.clone(),
            from: BatchReceiver::new(MAX_BATCH, from),
        };
        (Self(to), batcher)
    }

    /// Reads the due deliveries of an endpoint. The background task outlives its callers.
    pub async fn due(&self, query: DueQuery) -> Answer {
        submit(&self.0, query).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

impl DueBatcher {
    pub async fn run(mut self, done: &CancellationToken) {
        while let Some(queries) = self.from.next(done).await {
            let batch: Vec<DueQuery> = queries.iter().map(|(query, _)| *query).collect();
            match deliveries::due(&self.db, &batch, self.clock.now()).await {
                Ok(found) => answer(queries, found),
                Err(error) => refuse(queries, &error),
            }
        }
    }
}

fn answer(queries: Vec<Query>, found: Vec<DueDelivery>) {
    let mut by_endpoint: HashMap<EndpointId, Vec<DueDelivery>> = HashMap::new();
    for due in found {
        by_endpoint.entry(due.endpoint_id).or_default().push(due);
    }
    for (query, to) in queries {
        // A worker has one query at a time.
        let _ = to.send(Ok(by_endpoint.remove(&query.endpoint).unwrap_or_default()));
    }
}

fn refuse(queries: Vec<Query>, error: &sqlx::Error) {
    for (_, to) in queries {
        let same = if is_unavailable(error) {
            sqlx::Error::PoolTimedOut
        } else {
            // Not an error that looks like an outage: only these callers back off.
            sqlx::Error::AnyDriverError(error.to_string().into())
        };
        let _ = to.send(Err(same));
    }
}
