//! Custom fields.

use chrono::{DateTime, Utc};

use crate::{
    db::{On, Result},
    domain::{FieldType, TenantId},
};

/// A custom field.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct ContactField {
    pub key: String,
    pub label: String,
    #[sqlx(rename = "type")]
    pub kind: FieldType,
    /// JSON.
    pub choices: Option<String>,
    pub position: i64,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub archived_at: Option<DateTime<Utc>>,
}

impl ContactField {
    pub fn choices(&self) -> Vec<String> {
        let stored = self.choices.as_deref();
        stored.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
    }
}

/// Lists all fields in their order, the archived ones too.
pub(crate) async fn list(on: On<'_>, tenant: TenantId) -> Result<Vec<ContactField>> {
    const SQL: &str = "
        SELECT key, label, type, choices, position, created_at, created_by, archived_at
        FROM contact_fields WHERE tenant_id = $1
        ORDER BY position, key";
    on.sql(SQL, (tenant,)).all().await
}

/// Inserts a field, unless the key is taken.
pub(crate) async fn insert(on: On<'_>, tenant: TenantId, it: &ContactField) -> Result<bool> {
    const SQL: &str = "
        INSERT INTO contact_fields (tenant_id, key, label, type, choices, position, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING";
    let args = (
        tenant,
        it.key.clone(),
        it.label.clone(),
        it.kind.as_str().to_owned(),
        it.choices.clone(),
        it.position,
        it.created_at,
        it.created_by.clone(),
    );
    Ok(on.sql(SQL, args).run().await? == 1)
}

/// Writes everything of a field that may change.
pub(crate) async fn update(on: On<'_>, tenant: TenantId, it: &ContactField) -> Result<u64> {
    const SQL: &str = "
        UPDATE contact_fields SET label = $3, choices = $4, position = $5, archived_at = $6 WHERE tenant_id = $1 AND key = $2";
    let args = (
        tenant,
        it.key.clone(),
        it.label.clone(),
        it.choices.clone(),
        it.position,
        it.archived_at,
    );
    on.sql(SQL, args).run().await
}
