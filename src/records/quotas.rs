//! Quotas of tenants. Counting and adding happen in one transaction, serialised per tenant and quota.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, Tx},
    domain::{Id, Quota, QuotaReached, TenantId},
};

/// Lifetime of a reservation, for resources created elsewhere before they are stored here.
const RESERVED: TimeDelta = TimeDelta::seconds(60);

/// Returns the quotas that the operator has set. [`Quota::default`] has the others.
pub async fn list(on: On<'_>, tenant: TenantId) -> Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT quota, maximum FROM tenant_quotas WHERE tenant_id = $1 ORDER BY quota";
    on.sql(SQL, (tenant,)).all().await
}

/// Returns the set quotas of all tenants.
pub(crate) async fn list_all(on: On<'_>) -> Result<Vec<(TenantId, String, i64)>> {
    const SQL: &str = "SELECT tenant_id, quota, maximum FROM tenant_quotas ORDER BY tenant_id, quota";
    on.sql(SQL, ()).all().await
}

/// Sets a quota; `None` restores the default.
pub async fn set(on: On<'_>, tenant: TenantId, quota: Quota, maximum: Option<i64>) -> Result<u64> {
    const SET: &str = "
        INSERT INTO tenant_quotas (tenant_id, quota, maximum) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, quota) DO UPDATE SET maximum = excluded.maximum";
    const DEFAULT: &str = "DELETE FROM tenant_quotas WHERE tenant_id = $1 AND quota = $2";
    let name = quota.as_str().to_owned();
    match maximum {
        Some(maximum) => on.sql(SET, (tenant, name, maximum)).run().await,
        None => on.sql(DEFAULT, (tenant, name)).run().await,
    }
}

/// Checks that the tenant may have one more. The caller adds it in the same transaction, which holds the quota's lock.
pub(crate) async fn admit(tx: &mut Tx, tenant: TenantId, quota: Quota) -> Result<Result<(), QuotaReached>> {
    lock(tx, tenant, quota).await?;
    let used = count(tx, tenant, quota).await?;
    check(tx.on(), tenant, quota, used).await
}

/// Reserves one of a quota for a resource that is created elsewhere before it is stored. Counts until [released](release), for at most
/// 60 seconds.
pub async fn reserve(
    tx: &mut Tx,
    tenant: TenantId,
    quota: Quota,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Result<(), QuotaReached>> {
    const OVER: &str = "DELETE FROM quota_reservations WHERE tenant_id = $1 AND expires_at < $2";
    const INSERT: &str = "INSERT INTO quota_reservations (tenant_id, id, quota, expires_at) VALUES ($1, $2, $3, $4)";
    lock(tx, tenant, quota).await?;
    tx.sql(OVER, (tenant, now)).run().await?;
    let name = quota.as_str().to_owned();
    let used = count(tx, tenant, quota).await?;
    let admitted = check(tx.on(), tenant, quota, used).await?;
    if admitted.is_ok() {
        tx.sql(INSERT, (tenant, id, name, now + RESERVED)).run().await?;
    }
    Ok(admitted)
}

/// Deletes a reservation.
pub async fn release(on: On<'_>, tenant: TenantId, id: Uuid) -> Result<u64> {
    const SQL: &str = "DELETE FROM quota_reservations WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id)).run().await
}

/// Checks that the tenant may upload at all, before an upload is read.
pub(crate) async fn has_room(mut on: On<'_>, tenant: TenantId) -> Result<Result<(), QuotaReached>> {
    const SQL: &str = "SELECT used FROM tenant_usage WHERE tenant_id = $1 AND quota = $2";
    let name = Quota::MediaBytes.as_str().to_owned();
    let used: Option<(i64,)> = on.reborrow().sql(SQL, (tenant, name)).opt().await?;
    check(on, tenant, Quota::MediaBytes, used.map_or(0, |(used,)| used)).await
}

/// Adds the bytes of an upload. On failure the caller rolls back.
pub(crate) async fn add_bytes(tx: &mut Tx, tenant: TenantId, bytes: i64) -> Result<Result<(), QuotaReached>> {
    const SQL: &str = "
        INSERT INTO tenant_usage (tenant_id, quota, used) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, quota) DO UPDATE SET used = tenant_usage.used + excluded.used
        RETURNING used";
    let name = Quota::MediaBytes.as_str().to_owned();
    let (used,): (i64,) = tx.sql(SQL, (tenant, name, bytes)).one().await?;
    let limit = limit(tx.on(), tenant, Quota::MediaBytes).await?;
    let used_before = used - bytes;
    Ok(match used <= limit {
        true => Ok(()),
        false => Err(QuotaReached {
            quota: Quota::MediaBytes,
            limit,
            used: used_before,
        }),
    })
}

/// Subtracts what [`add_bytes`] has added.
pub(crate) async fn subtract_bytes(on: On<'_>, tenant: TenantId, bytes: i64) -> Result<u64> {
    const SQL: &str = "
        UPDATE tenant_usage SET used = CASE WHEN used > $3 THEN used - $3 ELSE 0 END WHERE tenant_id = $1 AND quota = $2";
    let name = Quota::MediaBytes.as_str().to_owned();
    on.sql(SQL, (tenant, name, bytes)).run().await
}

/// Locks a tenant's quota until the end of the transaction. No-op on SQLite, which has one writer.
async fn lock(tx: &mut Tx, tenant: TenantId, quota: Quota) -> Result<()> {
    const POSTGRES: &str = "SELECT pg_advisory_xact_lock($1)";
    if tx.is_postgres() {
        // The low half of a UUIDv7 is random.
        let (_, random) = tenant.uuid().as_u64_pair();
        let key = random.wrapping_add(quota as u64).cast_signed();
        tx.sql(POSTGRES, (key,)).run().await?;
    }
    Ok(())
}

async fn check(on: On<'_>, tenant: TenantId, quota: Quota, used: i64) -> Result<Result<(), QuotaReached>> {
    let limit = limit(on, tenant, quota).await?;
    Ok(match used < limit {
        true => Ok(()),
        false => Err(QuotaReached { quota, limit, used }),
    })
}

async fn limit(on: On<'_>, tenant: TenantId, quota: Quota) -> Result<i64> {
    const SQL: &str = "SELECT maximum FROM tenant_quotas WHERE tenant_id = $1 AND quota = $2";
    let set: Option<(i64,)> = on.sql(SQL, (tenant, quota.as_str().to_owned())).opt().await?;
    Ok(set.map_or(quota.default(), |(maximum,)| maximum))
}

async fn count(tx: &mut Tx, tenant: TenantId, quota: Quota) -> Result<i64> {
    const CHANNELS: &str = "SELECT COUNT(*) FROM channels WHERE tenant_id = $1 AND archived_at IS NULL";
    const API_KEYS: &str = "SELECT COUNT(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL";
    const ENDPOINTS: &str = "SELECT COUNT(*) FROM endpoints WHERE tenant_id = $1 AND deleted_at IS NULL";
    const TEMPLATES: &str = "
        SELECT (SELECT COUNT(*) FROM templates WHERE tenant_id = $1 AND status <> 'DELETED')
            + (SELECT COUNT(*) FROM quota_reservations WHERE tenant_id = $1 AND quota = 'templates')";
    const MESSAGE_TEMPLATES: &str = "SELECT COUNT(*) FROM message_templates WHERE tenant_id = $1";
    const MEDIA_BYTES: &str = "
        SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM tenant_usage WHERE tenant_id = $1 AND quota = 'media_bytes'";
    let sql = match quota {
        Quota::Channels => CHANNELS,
        Quota::ApiKeys => API_KEYS,
        Quota::Endpoints => ENDPOINTS,
        Quota::Templates => TEMPLATES,
        Quota::MessageTemplates => MESSAGE_TEMPLATES,
        Quota::MediaBytes => MEDIA_BYTES,
    };
    let (count,): (i64,) = tx.sql(sql, (tenant,)).one().await?;
    Ok(count)
}
