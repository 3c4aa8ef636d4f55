use std::time::Duration;

use crate::{
    app::App,
    domain::EndpointId,
    queue::{Backoff, Claim, Job, Outcomes, Queue},
    webhooks::{ENDPOINT_JOBS, dispatcher::ServeError},
};

/// Delivers events to endpoints. A job is an endpoint with waiting deliveries; it ends when nothing is due there.
pub(crate) struct DeliverWebhooks;

impl Job for DeliverWebhooks {
    const QUEUE: Queue = ENDPOINT_JOBS;
    // Nearly all of them wait for the answers or the rate limits of endpoints: more than a few tenants can keep busy.
    const CONCURRENCY: usize = 2_048;
    const BATCH: usize = 1;
    const CLAIM: Claim = Claim::Leased;
    const BACKOFF: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
    /// Much longer than a run takes up deliveries, so that those it has begun are finished.
    const TIMEOUT: Duration = Duration::from_secs(150);
    type Id = EndpointId;
    type Context = App;

    async fn run(app: &App, ids: &[EndpointId]) -> Outcomes<EndpointId> {
        for id in ids {
            match app.dispatcher.serve(*id).await {
                Ok(()) => {}
                Err(ServeError::Database(error)) => return error.into(),
                Err(error) => return Outcomes::failed(error),
            }
        }
        Outcomes::settled()
    }
}
