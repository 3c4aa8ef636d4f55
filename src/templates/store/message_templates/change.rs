//! Writes message templates and their versions.

use chrono::{DateTime, Utc};

use super::StoredMessageTemplate;
use crate::{
    db::{On, Result},
    domain::{Actor, MessageTemplateId, TenantId},
};

/// A version to add.
#[derive(Clone, Debug)]
pub struct NewVersion {
    pub version: i64,
    pub kind: &'static str,
    /// JSON.
    pub content: String,
    pub created_by: Actor,
}

/// Inserts a template. Returns false if the tenant has one of that name.
pub async fn insert(on: On<'_>, tenant: TenantId, row: &StoredMessageTemplate, created_by: Actor) -> Result<bool> {
    const SQL: &str = "
        INSERT INTO message_templates (tenant_id, id, name, state, active_version, latest_version, created_at, updated_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_id, name) DO NOTHING";
    let it = row.clone();
    let args = (
        tenant,
        it.id,
        it.name,
        it.state,
        it.active_version,
        it.latest_version,
        it.created_at,
        it.updated_at,
        created_by.to_string(),
    );
    Ok(on.sql(SQL, args).run().await? == 1)
}

pub async fn add_version(
    on: On<'_>,
    tenant: TenantId,
    id: MessageTemplateId,
    new: NewVersion,
    now: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "
        INSERT INTO message_template_versions (tenant_id, template_id, version, type, content, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let args = (
        tenant,
        id,
        new.version,
        new.kind.to_owned(),
        new.content,
        now,
        new.created_by.to_string(),
    );
    on.sql(SQL, args).run().await.map(drop)
}

/// Updates the row if no version was added since `read` (optimistic lock). Returns whether it did.
pub async fn update(on: On<'_>, tenant: TenantId, row: &StoredMessageTemplate, read: i64) -> Result<bool> {
    const SQL: &str = "
        UPDATE message_templates
        SET name = $3, state = $4, active_version = $5, latest_version = $6, updated_at = $7
        WHERE tenant_id = $1 AND id = $2 AND latest_version = $8";
    let it = row.clone();
    let args = (
        tenant,
        it.id,
        it.name,
        it.state,
        it.active_version,
        it.latest_version,
        it.updated_at,
        read,
    );
    Ok(on.sql(SQL, args).run().await? == 1)
}

/// Deletes a template with its versions. Returns whether it existed.
pub async fn delete(mut on: On<'_>, tenant: TenantId, id: MessageTemplateId) -> Result<bool> {
    const VERSIONS: &str = "DELETE FROM message_template_versions WHERE tenant_id = $1 AND template_id = $2";
    const TEMPLATE: &str = "DELETE FROM message_templates WHERE tenant_id = $1 AND id = $2";
    on.reborrow().sql(VERSIONS, (tenant, id)).run().await?;
    Ok(on.sql(TEMPLATE, (tenant, id)).run().await? == 1)
}

/// Marks the tenant's initial templates as created. Returns false if they were.
pub async fn mark_seeded(on: On<'_>, tenant: TenantId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str =
        "UPDATE tenants SET message_templates_seeded_at = $2 WHERE id = $1 AND message_templates_seeded_at IS NULL";
    Ok(on.sql(SQL, (tenant, now)).run().await? == 1)
}
