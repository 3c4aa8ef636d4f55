//! Tenants.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    db::{On, Result, Sql, Tx},
    domain::{Actor, Id, TenantId},
};

/// A customer of the installation.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub sealed_key: Vec<u8>,
    pub created_at: DateTime<Utc>,
    /// Rate limit over all its numbers; `None` is no limit.
    pub messages_per_second: Option<f64>,
    /// Lanes whose unknown messages are held, separated by spaces; `None` is the default.
    pub hold_unknown: Option<String>,
    /// Whether marketing goes only to contacts who have allowed it.
    pub require_opt_in: bool,
    /// JSON: a [`TenantRetention`]; `None` is the installation's.
    pub retention: Option<String>,
}

/// Days for which data of a tenant is kept; `None` is as long as in the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub(crate) struct TenantRetention {
    /// Messages in both directions, with their statuses and files; counted from their receipt.
    #[schema(required)]
    pub messages: Option<i64>,
    /// Files that were received or uploaded.
    #[schema(required)]
    pub media: Option<i64>,
    /// Events.
    #[schema(required)]
    pub events: Option<i64>,
}

impl TenantRetention {
    pub fn parse(stored: Option<&str>) -> Self {
        stored
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// Returns what is stored; `None` if all is kept as long as in the installation.
    pub fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).expect("numbers always serialise"))
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, sealed_key, created_at, messages_per_second, hold_unknown, require_opt_in, retention FROM tenants ",
            $rest
        )
    };
}

pub async fn insert(on: On<'_>, tenant: &Tenant, created_by: Actor) -> Result<()> {
    const SQL: &str = "
        INSERT INTO tenants (id, name, sealed_key, created_at, created_by) VALUES ($1, $2, $3, $4, $5)";
    let row = (
        tenant.id,
        tenant.name.clone(),
        tenant.sealed_key.clone(),
        tenant.created_at,
        created_by.to_string(),
    );
    on.sql(SQL, row).run().await.map(drop)
}

pub async fn find(on: On<'_>, id: TenantId) -> Result<Option<Tenant>> {
    const SQL: &str = select!("WHERE id = $1");
    on.sql(SQL, (id,)).opt().await
}

/// Finds a tenant and locks its key against changes until the end of the transaction.
pub(crate) async fn find_to_seal(tx: &mut Tx, id: TenantId) -> Result<Option<Tenant>> {
    const SQLITE: &str = select!("WHERE id = $1");
    const POSTGRES: &str = select!("WHERE id = $1 FOR SHARE");
    tx.sql(Sql::each(SQLITE, POSTGRES), (id,)).opt().await
}

/// Finds a tenant by name.
pub async fn find_by_name(on: On<'_>, name: &str) -> Result<Option<Tenant>> {
    const SQL: &str = select!("WHERE name = $1");
    on.sql(SQL, (name.to_owned(),)).opt().await
}

pub async fn all(on: On<'_>) -> Result<Vec<Tenant>> {
    const SQL: &str = select!("ORDER BY id");
    on.sql(SQL, ()).all().await
}

/// Lists tenants, the oldest first, starting after `after`.
pub async fn page(on: On<'_>, after: Option<TenantId>, limit: i64) -> Result<Vec<Tenant>> {
    const SQL: &str = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let after = after.unwrap_or(TenantId::from_uuid(uuid::Uuid::nil()));
    on.sql(SQL, (after, limit)).all().await
}

pub async fn reseal(on: On<'_>, id: TenantId, sealed_key: Vec<u8>) -> Result<u64> {
    const SQL: &str = "UPDATE tenants SET sealed_key = $2 WHERE id = $1";
    on.sql(SQL, (id, sealed_key)).run().await
}

/// Stores the operator's rules for a tenant's sending.
pub(crate) async fn set_rules(on: On<'_>, tenant: &Tenant, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "
        UPDATE tenants SET messages_per_second = $2, hold_unknown = $3, require_opt_in = $4, updated_at = $5 WHERE id = $1";
    let (rate, held) = (tenant.messages_per_second, tenant.hold_unknown.clone());
    on.sql(SQL, (tenant.id, rate, held, tenant.require_opt_in, now))
        .run()
        .await
}

/// Stores how long the data of a tenant is kept.
pub(crate) async fn set_retention(on: On<'_>, tenant: &Tenant, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE tenants SET retention = $2, updated_at = $3 WHERE id = $1";
    on.sql(SQL, (tenant.id, tenant.retention.clone(), now)).run().await
}

/// Lists the tenants whose data is not kept as long as in the installation.
pub(crate) async fn with_retention(on: On<'_>) -> Result<Vec<Tenant>> {
    const SQL: &str = select!("WHERE retention IS NOT NULL ORDER BY id");
    on.sql(SQL, ()).all().await
}
