//! Rotation of the tenants' keys under a new master key.

use super::{TenancyError, TenantService};
use crate::{
    crypto::SealingKey,
    db::Tx,
    directory::{open_tenant_key, purpose},
    records::{
        channels::{self, SealedSecrets},
        idempotency, master_key, tenants,
    },
    webhooks::store::endpoints::{self, Endpoint},
};

/// Result of a rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotationReport {
    pub tenants: u64,
    pub channels: u64,
    /// Stored answers of requests with an `Idempotency-Key`.
    pub answers: u64,
}

/// Tables with sealed columns.
const SEALED: [&str; 4] = ["tenants", "channels", "endpoints", "idempotency_keys"];
/// Answers resealed per page; each may have 4 MB.
const ANSWERS: i64 = 16;

/// Gives every tenant a new key sealed under the first master key, and reseals its secrets and its stored answers. Afterwards the first is noted as
/// the database's, and older ones can be removed. [`vacuum_replaced`] overwrites what was replaced. One transaction per tenant; an interrupted rotation can be
/// run again.
pub async fn rotate_keys(service: &TenantService) -> Result<RotationReport, TenancyError> {
    let mut rotated = RotationReport::default();
    for tenant in tenants::all(service.db.writer()).await? {
        let old = open_tenant_key(&service.keyring, &tenant).ok_or(TenancyError::KeyUnavailable)?;
        let new = SealingKey::random();
        let mut tx = service.db.begin().await?;
        // The tenant row comes first: concurrent writers that seal a secret wait for it and then find the new key.
        let sealed = service.keyring.seal(&format!("tenant-key {}", tenant.id), new.bytes());
        rotated.tenants += tenants::reseal(tx.on(), tenant.id, sealed).await?;
        for channel in channels::of_tenant(tx.on(), tenant.id).await? {
            let anew = |what: &str, sealed: Option<Vec<u8>>| {
                let purpose = purpose(what, channel.id);
                let reseal = |sealed: Vec<u8>| old.open(&purpose, &sealed).map(|secret| new.seal(&purpose, &secret));
                sealed.map(reseal).transpose().map_err(|_| TenancyError::KeyUnavailable)
            };
            let sealed = SealedSecrets {
                access_token: anew("access-token", channel.access_token)?,
                app_secret: anew("app-secret", channel.app_secret)?,
                credentials: anew("credentials", channel.credentials)?,
            };
            rotated.channels += channels::reseal(tx.on(), tenant.id, channel.id, sealed).await?;
        }
        for endpoint in endpoints::list(tx.on(), tenant.id, None, i64::MAX).await? {
            reseal_endpoint(&mut tx, endpoint, &old, &new).await?;
        }
        tx.commit().await?;
    }
    rotated.answers = reseal_answers(service).await?;
    master_key::replace(service.db.writer(), service.keyring.fingerprint(), service.clock.now()).await?;
    Ok(rotated)
}

/// Overwrites replaced secrets in the database files; otherwise they could be read from free space with the old master key. Returns
/// false if another transaction prevented it: call again. Does not reach backups, replicas or PostgreSQL's WAL.
pub async fn vacuum_replaced(service: &TenantService) -> Result<bool, TenancyError> {
    Ok(service.db.vacuum(&SEALED).await?)
}

/// Reseals the answers of the last day, which are sealed under the master key itself. Answers that no key opens are skipped: they are lost.
async fn reseal_answers(service: &TenantService) -> Result<u64, TenancyError> {
    let (mut resealed, mut after) = (0, None);
    loop {
        let page = idempotency::list_answers(service.db.writer(), after.take(), ANSWERS).await?;
        let Some(last) = page.last() else { return Ok(resealed) };
        after = Some((last.tenant_id, last.key.clone()));
        for kept in page {
            if !service.keyring.needs_resealing(&kept.answer) {
                continue;
            }
            let purpose = idempotency::answer_purpose(kept.tenant_id, &kept.key);
            let Ok(answer) = service.keyring.open(&purpose, &kept.answer) else {
                continue;
            };
            let sealed = service.keyring.seal(&purpose, &answer);
            resealed += idempotency::reseal(service.db.writer(), kept, sealed).await?;
        }
    }
}

/// Reseals the secrets of an endpoint. Retries when a concurrent change has raised its revision, until the endpoint is deleted.
async fn reseal_endpoint(
    tx: &mut Tx,
    endpoint: Endpoint,
    old: &SealingKey,
    new: &SealingKey,
) -> Result<(), TenancyError> {
    let anew = |purpose: &str, sealed: &[u8]| {
        let opened = old.open(purpose, sealed);
        opened
            .map(|secret| new.seal(purpose, &secret))
            .map_err(|_| TenancyError::KeyUnavailable)
    };
    let key = endpoint.key();
    let secrets = endpoints::secrets_purpose(endpoint.id);
    let for_headers = endpoints::headers_purpose(endpoint.id);
    let mut found = Some(endpoint);
    while let Some(it) = found {
        let secret = anew(&secrets, &it.secret)?;
        let previous = it.previous_secret.as_deref().map(|it| anew(&secrets, it)).transpose()?;
        let headers = it.headers.as_deref().map(|it| anew(&for_headers, it)).transpose()?;
        if endpoints::reseal(tx.on(), key, it.revision, secret, previous, headers).await? > 0 {
            break;
        }
        found = endpoints::find(tx.on(), key.tenant, key.id).await?;
    }
    Ok(())
}
