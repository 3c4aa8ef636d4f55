use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{ApiKeyId, Id, TenantId},
};

/// An API key; its token is stored as a digest only.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub tenant_id: TenantId,
    pub name: String,
    pub scopes: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub created_by: Option<String>,
}

pub async fn insert(on: On<'_>, key: &ApiKey, digest: [u8; 32]) -> Result<()> {
    const SQL: &str = "
        INSERT INTO api_keys (id, tenant_id, name, digest, scopes, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = (
        key.id,
        key.tenant_id,
        key.name.clone(),
        digest.to_vec(),
        key.scopes.clone(),
        key.created_at,
        key.created_by.clone(),
    );
    on.sql(SQL, row).run().await.map(drop)
}

/// Finds the live key with this digest. The one query without a tenant: the key identifies it.
pub(crate) async fn find_live(on: On<'_>, digest: [u8; 32]) -> Result<Option<ApiKey>> {
    const SQL: &str = "
        SELECT id, tenant_id, name, scopes, created_at, last_used_at, revoked_at, created_by
        FROM api_keys
        WHERE digest = $1 AND revoked_at IS NULL";
    on.sql(SQL, (digest.to_vec(),)).opt().await
}

pub(crate) async fn of_tenant(on: On<'_>, tenant: TenantId) -> Result<Vec<ApiKey>> {
    const SQL: &str = "
        SELECT id, tenant_id, name, scopes, created_at, last_used_at, revoked_at, created_by
        FROM api_keys
        WHERE tenant_id = $1
        ORDER BY id";
    on.sql(SQL, (tenant,)).all().await
}

/// Lists a tenant's keys, revoked ones included, the oldest first, starting after `after`.
pub async fn page(on: On<'_>, tenant: TenantId, after: Option<ApiKeyId>, limit: i64) -> Result<Vec<ApiKey>> {
    const SQL: &str = "
        SELECT id, tenant_id, name, scopes, created_at, last_used_at, revoked_at, created_by
        FROM api_keys
        WHERE tenant_id = $1 AND id > $2
        ORDER BY id
        LIMIT $3";
    let after = after.unwrap_or(ApiKeyId::from_uuid(uuid::Uuid::nil()));
    on.sql(SQL, (tenant, after, limit)).all().await
}

/// Revokes a key. The operator names it without its tenant.
pub async fn revoke(on: On<'_>, id: ApiKeyId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    on.sql(SQL, (id, now)).run().await
}

pub(crate) async fn mark_used(on: On<'_>, tenant: TenantId, id: ApiKeyId, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE api_keys SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2";
    on.sql(SQL, (tenant, id, now)).run().await
}
