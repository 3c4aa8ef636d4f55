use super::{Registry, RegistryError};
use crate::{
    crypto::SealingKey,
    db::Tx,
    directory::{open_tenant_key, purpose},
    domain::TenantId,
    store::{channels, endpoints, tenants},
};

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub tenants: u64,
    pub channels: u64,
}

/// Gives every tenant a new key under the first master key and seals its secrets anew; afterwards older master keys can go.
/// One transaction per tenant: interrupted, it is simply run again.
pub async fn rotate_keys(registry: &Registry) -> Result<Rotated, RegistryError> {
    let mut rotated = Rotated::default();
    for tenant in tenants::all(&registry.db).await? {
        let old = open_tenant_key(&registry.keyring, &tenant).ok_or(RegistryError::KeyLost)?;
        let new = SealingKey::random();
        let mut tx = registry.db.begin().await?;
        for channel in channels::of_tenant(&mut tx, tenant.id).await? {
            let anew = |what: &str, sealed: &[u8]| {
                let purpose = purpose(what, channel.id);
                old.open(&purpose, sealed)
                    .map(|secret| new.seal(&purpose, &secret))
                    .map_err(|_| RegistryError::KeyLost)
            };
            let access_token = anew("access-token", &channel.access_token)?;
            let app_secret = channel
                .app_secret
                .as_deref()
                .map(|sealed| anew("app-secret", sealed))
                .transpose()?;
            rotated.channels += channels::reseal(&mut tx, tenant.id, channel.id, access_token, app_secret).await?;
        }
        reseal_endpoints(&mut tx, tenant.id, &old, &new).await?;
        let sealed = registry.keyring.seal(&format!("tenant-key {}", tenant.id), new.bytes());
        rotated.tenants += tenants::reseal(&mut tx, tenant.id, sealed).await?;
        tx.commit().await?;
    }
    Ok(rotated)
}

async fn reseal_endpoints(
    tx: &mut Tx,
    tenant: TenantId,
    old: &SealingKey,
    new: &SealingKey,
) -> Result<(), RegistryError> {
    for endpoint in endpoints::list(&mut *tx, tenant, None, i64::MAX).await? {
        let anew = |purpose: &str, sealed: &[u8]| {
            let opened = old.open(purpose, sealed);
            opened
                .map(|secret| new.seal(purpose, &secret))
                .map_err(|_| RegistryError::KeyLost)
        };
        let (secrets, headers) = (
            endpoints::secrets_purpose(endpoint.id),
            endpoints::headers_purpose(endpoint.id),
        );
        let secret = anew(&secrets, &endpoint.secret)?;
        let previous = endpoint
            .previous_secret
            .as_deref()
            .map(|it| anew(&secrets, it))
            .transpose()?;
        let headers = endpoint.headers.as_deref().map(|it| anew(&headers, it)).transpose()?;
        endpoints::reseal(&mut *tx, (tenant, endpoint.id), secret, previous, headers).await?;
    }
    Ok(())
}
