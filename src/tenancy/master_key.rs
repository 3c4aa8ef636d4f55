//! Tells whether the master keys are those of the database.

use super::{TenancyError, TenantService};
use crate::{
    crypto::Keyring,
    records::{
        master_key,
        tenants::{self, Tenant},
    },
};

/// The reason why no process may work with these master keys.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(
        "MAINSTAY_MASTER_KEY: none of its keys opens the secrets in this database, and new ones would be sealed under another key. \
         Put back the key that was in use, behind a new one after a comma, or set DATABASE_URL to the database that this key \
         belongs to. If the key is lost: `mainstay key adopt`"
    )]
    Foreign,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Checks that a key of the ring is the one that the database's secrets are sealed under. The first to ask notes which that is.
pub async fn check_master_key(service: &TenantService) -> Result<(), MasterKeyError> {
    if master_key::find(service.db.writer()).await?.is_none() {
        let tenants = tenants::all(service.db.writer()).await?;
        let fingerprint = key_in_use(&service.keyring, &tenants).ok_or(MasterKeyError::Foreign)?;
        master_key::note(service.db.writer(), fingerprint, service.clock.now()).await?;
    }
    // Another process may have noted its own in between.
    match master_key::find(service.db.writer()).await? {
        Some(noted) if service.keyring.has_fingerprint(&noted) => Ok(()),
        _ => Err(MasterKeyError::Foreign),
    }
}

/// Returns the fingerprint of the key that the tenants' keys are sealed under; an older one if a rotation has not come to all of them. `None`
/// if no key of the ring opens one of them.
fn key_in_use(keyring: &Keyring, tenants: &[Tenant]) -> Option<[u8; 32]> {
    if tenants.is_empty() {
        return Some(keyring.fingerprint());
    }
    let sealer = |tenant: &Tenant| keyring.fingerprint_of_sealer(&purpose(tenant), &tenant.sealed_key);
    let found: Vec<[u8; 32]> = tenants.iter().filter_map(sealer).collect();
    let older = found.iter().find(|it| **it != keyring.fingerprint());
    older.or(found.first()).copied()
}

/// Takes the first key of the ring for the database's, whatever it opens. Returns the tenants whose secrets stay closed.
pub(crate) async fn adopt_master_key(service: &TenantService) -> Result<Vec<Tenant>, TenancyError> {
    let mut tenants = tenants::all(service.db.writer()).await?;
    tenants.retain(|tenant| service.keyring.open(&purpose(tenant), &tenant.sealed_key).is_err());
    master_key::replace(service.db.writer(), service.keyring.fingerprint(), service.clock.now()).await?;
    Ok(tenants)
}

fn purpose(tenant: &Tenant) -> String {
    format!("tenant-key {}", tenant.id)
}
