use super::{Parts, line::Line, listen::offer, place::Place};
use crate::{
    domain::EndpointId,
    webhooks::{
        Error,
        store::endpoints::{self, Endpoint, Rest},
    },
};

/// Why a line was not served to its end. What it has not written is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Somebody has to put the master key back.
    #[error("the endpoint's secrets do not open: {0}")]
    Sealed(Error),
    /// The database takes what others write, but not this.
    #[error("what came of a request cannot be written")]
    Unwritable,
}

/// Serves the endpoint of a line that is in hand, and puts the line off.
pub async fn serve(parts: &Parts, id: EndpointId) -> Result<(), Unserved> {
    let with = &parts.subscriptions;
    let Some(attempt) = endpoints::attempt_of_line(with.db.reader(), id).await? else {
        return Ok(());
    };
    let rest = match endpoints::find_to_serve(with.db.reader(), id).await? {
        Some(endpoint) => run(parts, &endpoint).await?,
        None => Rest::Disabled,
    };
    let due = endpoints::conclude_line(&with.db, (id, attempt), rest, with.clock.now()).await?;
    if let Some(due) = due {
        offer(&parts.queues, &[id], due).await;
    }
    Ok(())
}

/// Delivers what is due, and tells how long the endpoint is to rest.
async fn run(parts: &Parts, endpoint: &Endpoint) -> Result<Rest, Unserved> {
    let now = parts.subscriptions.clock.now();
    if let Some(probe_at) = endpoint.standing.probe_at.filter(|at| *at > now) {
        return Ok(Rest::Until(Some(probe_at)));
    }
    let place = match Place::open(&parts.subscriptions, endpoint).await {
        Ok(place) => place,
        Err(Error::Database(error)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(endpoint.id = %endpoint.id, %error, "an endpoint's secrets do not open; nothing is sent there");
            return Err(Unserved::Sealed(error));
        }
    };
    Line::new(parts, endpoint, &place).serve().await
}
