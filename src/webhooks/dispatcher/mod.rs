//! Delivers events to endpoints.
//!
//! - Every endpoint has one *job*, a row of a queue. The worker that has it leased serves that endpoint alone, so deliveries need no leases
//!   of their own, and the worker keeps pace, order and circuit breaker in memory.
//! - The workers of a process share two batchers: one combines concurrent reads of due deliveries into one statement, the other combines
//!   results into one commit.

mod attempt;
mod breaker;
mod destination;
mod due_reader;
mod endpoint_worker;
mod pacer;
mod result;
mod result_writer;
mod schedule;
mod serve;
mod take;
mod wake;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use breaker::BREAKER;
pub(crate) use serve::ServeError;
pub(super) use wake::enqueue;
pub use wake::wake;

use super::WebhookService;
use crate::{
    config::Deliveries,
    domain::{EndpointId, TenantId},
    queue::Queues,
    shares::Shares,
};
use due_reader::DueReader;
use result_writer::ResultWriter;

/// The dispatcher. Clones share its state.
#[derive(Clone)]
pub(crate) struct WebhookDispatcher(Arc<DispatcherInner>);

struct DispatcherInner {
    webhooks: WebhookService,
    queues: Queues,
    config: Deliveries,
    permits: Shares<TenantId>,
    due_reader: DueReader,
    result_writer: ResultWriter,
    /// Cancelled at shutdown: nothing new is started.
    shutdown: CancellationToken,
}

/// The background tasks of the batchers, for a process that delivers.
pub struct DispatcherTasks {
    due_batcher: due_reader::DueBatcher,
    result_committer: result_writer::ResultCommitter,
}

impl WebhookDispatcher {
    /// Creates a dispatcher. `closing` is cancelled at shutdown: workers then release their jobs as soon as their requests have finished.
    pub fn new(
        webhooks: WebhookService,
        queues: Queues,
        config: Deliveries,
        shutdown: CancellationToken,
    ) -> (Self, DispatcherTasks) {
        let (due_reader, due_batcher) = DueReader::new(&webhooks);
        let (result_writer, result_committer) = ResultWriter::new(&webhooks);
        let inner = DispatcherInner {
            webhooks,
            queues,
            permits: Shares::new(config.concurrency, "mainstay_delivery_shares_exhausted_total"),
            config,
            due_reader,
            result_writer,
            shutdown,
        };
        let tasks = DispatcherTasks {
            due_batcher,
            result_committer,
        };
        (Self(Arc::new(inner)), tasks)
    }

    /// Serves an endpoint: sends what is due, and reschedules its job for the next due delivery.
    pub async fn serve(&self, endpoint: EndpointId) -> Result<(), ServeError> {
        serve::serve(&self.0, endpoint).await
    }
}

impl DispatcherTasks {
    /// Runs the batchers until `done`, and then handles what is still waiting.
    pub async fn run(self, done: &CancellationToken) {
        tokio::join!(self.due_batcher.run(done), self.result_committer.run(done));
    }
}
