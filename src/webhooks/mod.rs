//! Webhooks to tenants: endpoints, their secrets and deliveries on request ([`WebhookService`]), and sending ([`WebhookDispatcher`]).

mod address;
pub mod dispatcher;
mod endpoint;
mod expedite;
mod headers;
mod maintenance;
mod replay;
pub(crate) mod request;
mod secrets;
mod statistics;
pub mod store;

pub(crate) use address::masked;
pub(crate) use dispatcher::{DispatcherTasks, WebhookDispatcher};
pub use endpoint::{DEFAULT_CONCURRENT, EndpointChanges, MOST_CONCURRENT, NewEndpoint};
pub(crate) use headers::Headers;
pub use maintenance::{erase_deleted, purge};
pub(crate) use maintenance::{record_backlog, wake_overdue};
pub use replay::{OpenBreaker, Replay, ReplayOutcome, ReplayState};
pub use secrets::{OVERLAP, Secrets};
pub(crate) use statistics::Statistics;
pub use store::endpoints::ENDPOINT_JOBS;

use crate::{
    clock::Clock,
    crypto::{Keyring, SealingKey},
    db::{Db, Tx},
    directory::open_tenant_key,
    domain::{BadEventType, EndpointId, EventTypes, QuotaReached, TenantId},
    egress::EgressClient,
    events,
    meta::message::Invalid,
    records::tenants,
    webhooks::store::endpoints::{self, Endpoint},
};

/// The operations on endpoints and deliveries.
#[derive(Clone)]
pub struct WebhookService {
    pub db: Db,
    pub clock: Clock,
    pub keyring: Keyring,
    pub egress: EgressClient,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("{0}")]
    Conflict(String),
    #[error("there is no {0}")]
    NotFound(String),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the tenant's key cannot be decrypted: MAINSTAY_MASTER_KEY must hold the key it was sealed under")]
    KeyLost,
}

impl WebhookService {
    pub async fn find(&self, tenant: TenantId, id: EndpointId) -> Result<Endpoint, Error> {
        let found = endpoints::find(self.db.reader(), tenant, id).await?;
        found.ok_or_else(|| no_endpoint(id))
    }

    /// Returns the key that encrypts the tenant's secrets.
    async fn key(&self, tenant: TenantId) -> Result<SealingKey, Error> {
        let owner = tenants::find(self.db.reader(), tenant).await?;
        let owner = owner.ok_or_else(|| no_tenant(tenant))?;
        open_tenant_key(&self.keyring, &owner).ok_or(Error::KeyLost)
    }

    /// Returns the same key for a secret that this transaction stores, so that no key rotation misses it.
    async fn key_in(&self, tx: &mut Tx, tenant: TenantId) -> Result<SealingKey, Error> {
        let owner = tenants::find_to_seal(tx, tenant).await?;
        let owner = owner.ok_or_else(|| no_tenant(tenant))?;
        open_tenant_key(&self.keyring, &owner).ok_or(Error::KeyLost)
    }
}

/// Parses event types, of which each must be known.
pub(crate) fn event_types<T: AsRef<str>>(words: &[T]) -> Result<EventTypes, Error> {
    let types = EventTypes::parse(words).map_err(|why| {
        let invalid = Invalid::new("event_types", why.to_string());
        Error::Invalid(match why {
            BadEventType::TooMany { most } => invalid.limit(most),
            _ => invalid,
        })
    })?;
    for word in types.as_slice() {
        if !events::all().any(|known| EventTypes::covers(word, known.name)) {
            let why = format!("there is no event of type {word}; GET /api/v1/event-types lists them");
            return Err(Error::Invalid(Invalid::new("event_types", why)));
        }
    }
    Ok(types)
}

fn no_endpoint(id: EndpointId) -> Error {
    Error::NotFound(format!("endpoint {id}"))
}

fn no_tenant(id: TenantId) -> Error {
    Error::NotFound(format!("tenant {id}"))
}

/// Maximum number of attempts at an optimistic update.
const MAX_COLLISIONS: usize = 32;

/// Repeats an optimistic update until `work` finds the endpoint unchanged since it was read: `work` returns `None` if it was changed.
async fn retry_on_change<T, W>(id: EndpointId, mut work: impl FnMut() -> W) -> Result<T, Error>
where
    W: Future<Output = Result<Option<T>, Error>>,
{
    for _ in 0..MAX_COLLISIONS {
        if let Some(done) = work().await? {
            return Ok(done);
        }
    }
    Err(Error::Conflict(format!(
        "endpoint {id} is being changed concurrently; try again"
    )))
}
