//! Tenants, their channels and their API keys: what the operator's two edges, `/admin` and the command line, both call.

mod channels;
mod keys;
mod quotas;
mod rotation;
mod rules;

pub use channels::{AddedChannel, NewChannel, add_channel};
pub use keys::{NewApiKey, create_api_key, revoke_api_key};
pub use quotas::{quotas, quotas_of, set_quotas};
pub use rotation::{RotationReport, vacuum_replaced, rotate_keys};
pub use rules::{SendingRules, parse_hold_unknown, sending_rules, set_rules};

use crate::{
    clock::Clock,
    crypto::{Keyring, SealingKey},
    db::Db,
    domain::{self, QuotaReached, Scopes, TenantId},
    records::tenants::{self, Tenant},
};

/// What the verbs here work with; a command needs no whole [`crate::app::App`] for them.
#[derive(Clone)]
pub struct TenantService {
    pub db: Db,
    pub clock: Clock,
    pub keyring: Keyring,
}

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
    #[error("the tenant's key does not open: MAINSTAY_MASTER_KEY must hold the key it was sealed under")]
    KeyUnavailable,
}

/// Makes a tenant and its first API key, which may do everything and is shown only here.
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
        hold_unknown: None,
    };
    let mut tx = service.db.begin().await?;
    tenants::insert(&mut tx, &tenant).await.map_err(|error| match &error {
        sqlx::Error::Database(cause) if cause.is_unique_violation() => {
            TenancyError::Conflict(format!("a tenant named {name:?} exists already"))
        }
        _ => error.into(),
    })?;
    let key = keys::insert(&mut tx, &service.clock, id, "first key", &Scopes::all()).await?;
    tx.commit().await?;
    Ok((tenant, key))
}

/// Finds a tenant by its id or its name, as a person would give either.
pub async fn find_tenant(service: &TenantService, name_or_id: &str) -> Result<Tenant, TenancyError> {
    let found = match name_or_id.parse() {
        Ok(id) => tenants::find(&service.db, id).await?,
        Err(_) => tenants::find_by_name(&service.db, name_or_id).await?,
    };
    found.ok_or_else(|| TenancyError::NotFound(format!("tenant {name_or_id:?}")))
}

/// Text a person typed: trimmed, present, not too long, and all of it visible.
fn text<'t>(what: &str, text: &'t str, longest: usize) -> Result<&'t str, TenancyError> {
    domain::name(text, longest).map_err(|bad| TenancyError::Invalid(format!("{what} {bad}")))
}
