//! What brings events to endpoints. Every endpoint has a *line*, a row of a queue; whoever has it in hand alone serves that endpoint, so its
//! deliveries need no leases of their own, and the line knows the pace, the order and the breaker without asking. What the lines of a
//! process read and write goes through two *desks*, which put what is wanted at the same time into one statement or one commit.

mod call;
mod desk;
mod line;
mod listen;
mod pace;
mod place;
mod reads;
mod result;
mod schedule;
mod serve;
mod standing;
mod take;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub(super) use listen::offer;
pub use listen::wake;
pub use serve::Unserved;
pub use standing::BREAKER;

use super::WebhookService;
use crate::{
    config::Deliveries,
    domain::{EndpointId, TenantId},
    queue::Queues,
    shares::Shares,
};
use desk::Results;
use reads::Reads;

/// Delivers. Clones share it all.
#[derive(Clone)]
pub struct WebhookDispatcher(Arc<Parts>);

struct Parts {
    subscriptions: WebhookService,
    queues: Queues,
    terms: Deliveries,
    permits: Shares<TenantId>,
    reads: Reads,
    results: Results,
    /// Nothing new is begun once it is cancelled.
    closing: CancellationToken,
}

/// The work of the desks, for a process that delivers.
pub struct Desks {
    reads: reads::Desk,
    results: desk::Desk,
}

impl WebhookDispatcher {
    /// `closing` is cancelled when the process is to end: then lines are let go of as soon as their requests have come to an end.
    pub fn new(
        subscriptions: WebhookService,
        queues: Queues,
        terms: Deliveries,
        closing: CancellationToken,
    ) -> (Self, Desks) {
        let (reads, read) = Reads::new(&subscriptions);
        let (results, written) = Results::new(&subscriptions);
        let parts = Parts {
            subscriptions,
            queues,
            permits: Shares::new(terms.concurrency, "mainstay_delivery_shares_exhausted_total"),
            terms,
            reads,
            results,
            closing,
        };
        let desks = Desks {
            reads: read,
            results: written,
        };
        (Self(Arc::new(parts)), desks)
    }

    /// Serves an endpoint: delivers what is due there, and puts its line off until something is due again.
    pub async fn serve(&self, endpoint: EndpointId) -> Result<(), Unserved> {
        serve::serve(&self.0, endpoint).await
    }
}

impl Desks {
    /// Reads and writes for the lines of this process until `done`, and then what still waits.
    pub async fn run(self, done: &CancellationToken) {
        tokio::join!(self.reads.run(done), self.results.run(done));
    }
}
