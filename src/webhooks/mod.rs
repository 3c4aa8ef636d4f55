//! WebhookService: tenants' programs hear of events over HTTPS. Here is what people and programs may ask for (endpoints, their secrets,
//! deliveries again) and what sends the deliveries ([`WebhookDispatcher`]).

mod address;
mod again;
pub mod dispatcher;
mod endpoint;
mod headers;
mod secrets;
mod sooner;
mod statistics;
pub mod store;
mod upkeep;

pub use address::masked;
pub use again::{Replay, ReplayState, Replayed};
pub use dispatcher::{Desks, WebhookDispatcher};
pub use endpoint::{Changes, MOST_CONCURRENT, MOST_PER_SECOND, NewEndpoint, USUAL_CONCURRENT};
pub use headers::Headers;
pub use secrets::{OVERLAP, Secrets};
pub use statistics::Statistics;
pub use upkeep::{erase_deleted, forget, wake_overlooked};

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

/// What the verbs here work with.
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
    #[error("the tenant's key does not open: MAINSTAY_MASTER_KEY must hold the key it was sealed under")]
    KeyLost,
}

impl WebhookService {
    pub async fn find(&self, tenant: TenantId, id: EndpointId) -> Result<Endpoint, Error> {
        let found = endpoints::find(self.db.reader(), tenant, id).await?;
        found.ok_or_else(|| no_endpoint(id))
    }

    /// The key under which secrets of the tenant are sealed.
    async fn key(&self, tenant: TenantId) -> Result<SealingKey, Error> {
        let owner = tenants::find(self.db.reader(), tenant).await?;
        let owner = owner.ok_or_else(|| no_tenant(tenant))?;
        open_tenant_key(&self.keyring, &owner).ok_or(Error::KeyLost)
    }

    /// The same, for something new that this transaction stores: no rotation of keys overlooks it.
    async fn key_within(&self, tx: &mut Tx, tenant: TenantId) -> Result<SealingKey, Error> {
        let owner = tenants::find_to_seal(tx, tenant).await?;
        let owner = owner.ok_or_else(|| no_tenant(tenant))?;
        open_tenant_key(&self.keyring, &owner).ok_or(Error::KeyLost)
    }
}

/// What is said of the types an endpoint wants, or a replay.
fn event_types<T: AsRef<str>>(words: &[T]) -> Result<EventTypes, Error> {
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

/// How often something is begun again because somebody else changed the same endpoint in between.
const COLLISIONS: usize = 32;

/// Does something to an endpoint as it was read, and begins again where that is not how it is any more: then there is no answer.
async fn until_unchanged<T, W>(id: EndpointId, mut work: impl FnMut() -> W) -> Result<T, Error>
where
    W: Future<Output = Result<Option<T>, Error>>,
{
    for _ in 0..COLLISIONS {
        if let Some(done) = work().await? {
            return Ok(done);
        }
    }
    Err(Error::Conflict(format!(
        "endpoint {id} is being changed by others all the time; try again"
    )))
}
