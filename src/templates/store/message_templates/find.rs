//! Reads message templates and their versions.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    db::{On, Result, like_literal},
    domain::{Id, MessageTemplateId, MessageTemplateState, TenantId},
};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredMessageTemplate {
    pub id: MessageTemplateId,
    pub name: String,
    pub state: MessageTemplateState,
    pub active_version: Option<i64>,
    pub latest_version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Version {
    pub version: i64,
    /// JSON.
    pub content: String,
    pub created_at: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "id, name, state, active_version, latest_version, created_at, updated_at"
    };
}

pub async fn find(on: On<'_>, tenant: TenantId, id: MessageTemplateId) -> Result<Option<StoredMessageTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM message_templates WHERE tenant_id = $1 AND id = $2"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

pub async fn find_by_name(on: On<'_>, tenant: TenantId, name: &str) -> Result<Option<StoredMessageTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM message_templates WHERE tenant_id = $1 AND name = $2"
    );
    on.sql(SQL, (tenant, name.to_owned())).opt().await
}

/// Filter of a list; empty texts match everything.
#[derive(Clone, Debug, Default)]
pub struct MessageTemplateFilter {
    pub state: String,
    /// A substring of the name.
    pub name: String,
}

/// Returns a page, newest first, starting below `before`.
pub async fn page(
    on: On<'_>,
    tenant: TenantId,
    filter: MessageTemplateFilter,
    before: Option<MessageTemplateId>,
    limit: i64,
) -> Result<Vec<StoredMessageTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM message_templates
          WHERE tenant_id = $1 AND id < $2 AND ($3 = '' OR state = $3) AND name LIKE $4 ESCAPE '!'
          ORDER BY id DESC
          LIMIT $5"
    );
    let before = before.unwrap_or(MessageTemplateId::from_uuid(Uuid::max()));
    let name = format!("%{}%", like_literal(&filter.name));
    on.sql(SQL, (tenant, before, filter.state, name, limit)).all().await
}

pub async fn version(on: On<'_>, tenant: TenantId, id: MessageTemplateId, version: i64) -> Result<Option<Version>> {
    const SQL: &str = "
        SELECT version, content, created_at FROM message_template_versions
        WHERE tenant_id = $1 AND template_id = $2 AND version = $3";
    on.sql(SQL, (tenant, id, version)).opt().await
}

/// Returns all versions, newest first.
pub async fn versions(on: On<'_>, tenant: TenantId, id: MessageTemplateId) -> Result<Vec<Version>> {
    const SQL: &str = "
        SELECT version, content, created_at FROM message_template_versions
        WHERE tenant_id = $1 AND template_id = $2
        ORDER BY version DESC";
    on.sql(SQL, (tenant, id)).all().await
}

/// Returns whether the tenant's initial templates were created.
pub async fn is_seeded(on: On<'_>, tenant: TenantId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM tenants WHERE id = $1 AND message_templates_seeded_at IS NOT NULL";
    let (count,): (i64,) = on.sql(SQL, (tenant,)).one().await?;
    Ok(count > 0)
}
