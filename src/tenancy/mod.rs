//! Management of tenants, channels and API keys, shared by `/admin` and the command line.

mod archive;
mod channels;
mod keys;
mod master_key;
mod quotas;
mod retention;
mod rotation;
mod rules;

pub use archive::{ArchivedChannel, archive_channel};
pub(crate) use channels::add_moved_channel;
pub use channels::{AddedChannel, NewChannel, add_channel};
pub(crate) use keys::NewApiKey;
pub use keys::{create_api_key, revoke_api_key};
pub(crate) use master_key::adopt_master_key;
pub use master_key::{MasterKeyError, check_master_key};
pub(crate) use quotas::quotas_of;
pub use quotas::{quotas, set_quotas};
pub(crate) use retention::{retention, set_retention};
pub(crate) use rotation::RotationReport;
pub use rotation::{rotate_keys, vacuum_replaced};
pub(crate) use rules::{parse_hold_unknown, sending_rules, set_rules};

use crate::{
    clock::Clock,
    crypto::{Keyring, SealingKey},
    db::Db,
    domain::{self, Actor, Ctx, QuotaReached, Scopes, TenantId},
    records::tenants::{self, Tenant},
};

/// Dependencies of tenant management; commands need no [`crate::app::App`] for it.
#[derive(Clone)]
pub struct TenantService {
    pub db: Db,
    pub clock: Clock,
    pub keyring: Keyring,
}

/// Errors of tenant management.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Conflict(String),
    #[error("there is no {0}")]
    NotFound(String),
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the tenant's key cannot be opened: MAINSTAY_MASTER_KEY must contain the key it was sealed under")]
    KeyUnavailable,
}

/// Creates a tenant and its first API key, which has all scopes. Its token is shown only once.
pub async fn create_tenant(service: &TenantService, name: &str) -> Result<(Tenant, NewApiKey), TenancyError> {
    let name = text("the name of the tenant", name, 200)?;
    let id: TenantId = service.clock.new_id();
    let sealed_key = service
        .keyring
        .seal(&format!("tenant-key {id}"), SealingKey::random().bytes());
    let tenant = Tenant {
        id,
        name: name.to_owned(),
        sealed_key,
        created_at: service.clock.now(),
        messages_per_second: None,
        require_opt_in: false,
        retention: None,
        hold_unknown: None,
    };
    let mut tx = service.db.begin().await?;
    tenants::insert(tx.on(), &tenant, Actor::Operator)
        .await
        .map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => {
                TenancyError::Conflict(format!("a tenant named {name:?} exists already"))
            }
            _ => error.into(),
        })?;
    let key = keys::insert(tx.on(), &service.clock, &Ctx::operator(id), "first key", &Scopes::all()).await?;
    tx.commit().await?;
    Ok((tenant, key))
}

/// Finds a tenant by id or name.
pub(crate) async fn find_tenant(service: &TenantService, name_or_id: &str) -> Result<Tenant, TenancyError> {
    let found = match name_or_id.parse() {
        Ok(id) => tenants::find(service.db.writer(), id).await?,
        Err(_) => tenants::find_by_name(service.db.writer(), name_or_id).await?,
    };
    found.ok_or_else(|| TenancyError::NotFound(format!("tenant {name_or_id:?}")))
}

/// Checks a text that a person typed: trimmed, 1 to `longest` characters, all of them visible.
fn text<'t>(what: &str, text: &'t str, longest: usize) -> Result<&'t str, TenancyError> {
    domain::check_name(text, longest).map_err(|bad| TenancyError::Invalid(format!("{what} {bad}")))
}
