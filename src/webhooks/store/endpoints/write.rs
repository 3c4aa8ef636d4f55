//! Writes endpoints.

use chrono::{DateTime, Utc};

use super::{Endpoint, EndpointKey};
use crate::{
    db::{On, Result},
    domain::{EndpointId, Id, TenantId},
};

/// The settings of an endpoint that a person decides.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    pub url: String,
    pub description: Option<String>,
    /// A JSON list.
    pub event_types: String,
    /// A JSON list.
    pub channels: Option<String>,
    pub rate_limit_per_second: Option<i64>,
    /// Encrypted.
    pub headers: Option<Vec<u8>>,
    pub ordered: bool,
    pub max_concurrent: i64,
}

pub async fn insert(on: On<'_>, endpoint: &Endpoint) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO endpoints (id, tenant_id, url, description, event_types, channels, rate_limit_per_second, ordered,
            max_concurrent, secret, created_at, updated_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)";
    const REST: &str =
        "UPDATE endpoints SET headers = $3, disabled_at = $4, disabled_reason = $5 WHERE tenant_id = $1 AND id = $2";
    let (mut on, it) = (on, endpoint.clone());
    let row = (
        it.id,
        it.tenant_id,
        it.url,
        it.description,
        it.event_types,
        it.channels,
        it.rate_limit_per_second,
        it.ordered,
        it.max_concurrent,
        it.secret,
        it.created_at,
        it.created_by,
    );
    on.reborrow().sql(SQL, row).run().await?;
    on.sql(
        REST,
        (it.tenant_id, it.id, it.headers, it.disabled_at, it.disabled_reason),
    )
    .run()
    .await
}

/// Updates the settings and clears the health, as the URL may be another now. Does nothing if the endpoint has another revision: settings
/// that stay the same are written too.
pub async fn update(
    mut on: On<'_>,
    EndpointKey { tenant, id }: EndpointKey,
    revision: i64,
    to: EndpointSettings,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints
        SET url = $3, description = $4, event_types = $5, channels = $6, rate_limit_per_second = $7, headers = $8,
            ordered = $9, max_concurrent = $10, updated_at = $11
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND revision = $12";
    let args = (
        tenant,
        id,
        to.url,
        to.description,
        to.event_types,
        to.channels,
        to.rate_limit_per_second,
        to.headers,
        to.ordered,
        to.max_concurrent,
        now,
        revision,
    );
    match on.reborrow().sql(SQL, args).run().await? {
        0 => Ok(0),
        _ => reset_health(on, tenant, id).await,
    }
}

/// Clears the health of an endpoint.
async fn reset_health(on: On<'_>, tenant: TenantId, id: EndpointId) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints
        SET revision = revision + 1, failing_since = NULL, failures_in_row = 0, warned_at = NULL, tripped_at = NULL,
            probe_at = NULL, probes = 0
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
    on.sql(SQL, (tenant, id)).run().await
}

/// Enables an endpoint and clears its health, also if it is enabled and its breaker open.
pub async fn enable(mut on: On<'_>, EndpointKey { tenant, id }: EndpointKey, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET disabled_at = NULL, disabled_reason = NULL, updated_at = $3
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
    match on.reborrow().sql(SQL, (tenant, id, now)).run().await? {
        0 => Ok(0),
        _ => reset_health(on, tenant, id).await,
    }
}

/// Disables an endpoint.
pub async fn disable(
    on: On<'_>,
    EndpointKey { tenant, id }: EndpointKey,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET disabled_at = $4, disabled_reason = $3, revision = revision + 1, updated_at = $4
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND disabled_at IS NULL";
    on.sql(SQL, (tenant, id, reason.to_owned(), now)).run().await
}

/// Stores a new secret; the previous one signs until the given time, and the one before it no longer. Does nothing if the endpoint has
/// another revision: the key that encrypted the secret may have been rotated.
pub async fn set_secret(
    on: On<'_>,
    EndpointKey { tenant, id }: EndpointKey,
    revision: i64,
    sealed: Vec<u8>,
    previous_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints
        SET previous_secret = secret, previous_secret_until = $4, secret = $3, revision = revision + 1, updated_at = $5
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND revision = $6";
    on.sql(SQL, (tenant, id, sealed, previous_until, now, revision))
        .run()
        .await
}

/// Replaces the encrypted secrets and headers, unless the endpoint has another revision.
pub async fn reseal(
    on: On<'_>,
    EndpointKey { tenant, id }: EndpointKey,
    revision: i64,
    secret: Vec<u8>,
    previous: Option<Vec<u8>>,
    headers: Option<Vec<u8>>,
) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET secret = $3, previous_secret = $4, headers = $5, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2 AND revision = $6";
    on.sql(SQL, (tenant, id, secret, previous, headers, revision))
        .run()
        .await
}

/// Marks an endpoint as deleted and erases its secrets and headers at once; its other rows are removed later ([`erasable`], [`erase`]).
pub async fn delete(on: On<'_>, EndpointKey { tenant, id }: EndpointKey, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE endpoints SET deleted_at = $3, revision = revision + 1, secret = $4, previous_secret = NULL, headers = NULL
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
    on.sql(SQL, (tenant, id, now, Vec::<u8>::new())).run().await
}

/// A deleted endpoint whose row still exists.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Erasable {
    pub tenant_id: TenantId,
    pub id: EndpointId,
    pub deleted_at: DateTime<Utc>,
}

/// Returns deleted endpoints whose rows still exist, after `after`, in order of their ids.
pub(crate) async fn erasable(on: On<'_>, after: Option<EndpointId>, limit: i64) -> Result<Vec<Erasable>> {
    const SQL: &str = "
        SELECT tenant_id, id, deleted_at FROM endpoints
        WHERE deleted_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";
    let after = after.unwrap_or(EndpointId::from_uuid(uuid::Uuid::nil()));
    on.sql(SQL, (after, limit)).all().await
}

/// Removes a deleted endpoint and its job. Call it once nothing else belongs to it and nothing more can.
pub(crate) async fn erase(mut on: On<'_>, tenant: TenantId, id: EndpointId) -> Result<u64> {
    const LINE: &str = "DELETE FROM endpoint_jobs WHERE tenant_id = $1 AND id = $2 AND state <> 'running'";
    const ENDPOINT: &str = "
        DELETE FROM endpoints
        WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM endpoint_jobs l WHERE l.id = endpoints.id)";
    on.reborrow().sql(LINE, (tenant, id)).run().await?;
    on.sql(ENDPOINT, (tenant, id)).run().await
}
