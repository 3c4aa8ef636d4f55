use std::time::Duration;

use crate::{
    app::App,
    domain::EndpointId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    store::endpoints::LINES,
};

/// Brings events to endpoints: a job is an endpoint that has something waiting, and ends when nothing is due there.
pub struct DeliverWebhooks;

impl Job for DeliverWebhooks {
    const QUEUE: Queue = LINES;
    // Most of them wait for others to answer.
    const CONCURRENCY: usize = 256;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    // A line is never given up: its deliveries are.
    const MAX_ATTEMPTS: i64 = i64::MAX;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
    /// Twice what a run takes things up for, so that what it has begun comes to its end.
    const TIMEOUT: Duration = Duration::from_secs(150);
    type Id = EndpointId;
    type Context = App;

    async fn run(app: &App, ids: &[EndpointId]) -> Outcomes<EndpointId> {
        for id in ids {
            if let Err(error) = app.courier.serve(*id).await {
                return error.into();
            }
        }
        Outcomes::settled()
    }
}
