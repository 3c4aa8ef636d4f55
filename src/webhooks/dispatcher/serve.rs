//! Serves the job of one endpoint.

use super::{DispatcherInner, destination::Destination, endpoint_worker::EndpointWorker, wake::enqueue};
use crate::{
    domain::EndpointId,
    queue::recurring,
    webhooks::{
        Error,
        store::endpoints::{self, ENDPOINT_JOBS, Endpoint, EndpointRest},
    },
};

/// Why an endpoint was not served to the end. Deliveries without a stored result are sent again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The master key is missing and must be restored.
    #[error("the endpoint's secrets cannot be decrypted: {0}")]
    Sealed(Error),
    /// The database works, but rejected a result.
    #[error("the result of a request cannot be stored")]
    Unwritable,
}

/// Serves the endpoint of a leased job, and reschedules the job.
pub async fn serve(dispatcher: &DispatcherInner, id: EndpointId) -> Result<(), ServeError> {
    let with = &dispatcher.webhooks;
    let Some(lease) = recurring::lease(with.db.reader(), &ENDPOINT_JOBS, id).await? else {
        return Ok(());
    };
    let rest = match endpoints::find_to_serve(with.db.reader(), id).await? {
        Some(endpoint) => run(dispatcher, &endpoint).await?,
        None => EndpointRest::Disabled,
    };
    let due = endpoints::reschedule_job(&with.db, lease, rest, with.clock.now()).await?;
    if let Some(due) = due {
        enqueue(&dispatcher.queues, &[lease.id], due).await;
    }
    Ok(())
}

/// Sends what is due and returns how long the endpoint rests.
async fn run(dispatcher: &DispatcherInner, endpoint: &Endpoint) -> Result<EndpointRest, ServeError> {
    let now = dispatcher.webhooks.clock.now();
    if let Some(probe_at) = endpoint.health.probe_at.filter(|at| *at > now) {
        return Ok(EndpointRest::Until(Some(probe_at)));
    }
    let destination = match Destination::open(&dispatcher.webhooks, endpoint).await {
        Ok(destination) => destination,
        Err(Error::Database(error)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(endpoint.id = %endpoint.id, %error, "an endpoint's secrets cannot be decrypted; nothing is sent");
            return Err(ServeError::Sealed(error));
        }
    };
    EndpointWorker::new(dispatcher, endpoint, &destination).serve().await
}
