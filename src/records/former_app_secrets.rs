//! Former app secrets of tenants: a webhook that arrived before the change still counts as signed by them.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{AppSecretId, TenantId},
};

/// An app secret, by its digest, and until when the tenant held it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct FormerAppSecret {
    pub tenant_id: TenantId,
    pub secret_id: AppSecretId,
    pub valid_until: DateTime<Utc>,
}

/// Stores until when a tenant held a secret.
pub async fn put(on: On<'_>, former: FormerAppSecret) -> Result<u64> {
    const SQL: &str = "
        INSERT INTO former_app_secrets (tenant_id, secret_id, valid_until) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, secret_id) DO UPDATE SET valid_until = excluded.valid_until";
    let row = (former.tenant_id, former.secret_id, former.valid_until);
    on.sql(SQL, row).run().await
}

/// Lists every tenant's, for the directory.
pub async fn all(on: On<'_>) -> Result<Vec<FormerAppSecret>> {
    const SQL: &str = "SELECT tenant_id, secret_id, valid_until FROM former_app_secrets ORDER BY tenant_id, secret_id";
    on.sql(SQL, ()).all().await
}

/// Deletes those whose webhooks are all expired.
pub async fn forget(on: On<'_>, before: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "DELETE FROM former_app_secrets WHERE valid_until < $1";
    on.sql(SQL, (before,)).run().await
}
