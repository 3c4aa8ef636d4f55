//! Reads templates.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::TemplateKey;
use crate::{
    db::{On, Result, Rows, Tx, like_literal},
    domain::{Id, TemplateId, TenantId},
};

/// A stored template in one language.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredTemplate {
    pub id: TemplateId,
    pub tenant_id: TenantId,
    pub waba_id: String,
    pub meta_id: String,
    pub name: String,
    pub language: String,
    pub status: String,
    pub status_detail: Option<String>,
    pub category: Option<String>,
    pub previous_category: Option<String>,
    pub announced_category: Option<String>,
    pub announced_category_at: Option<DateTime<Utc>>,
    pub quality: Option<String>,
    pub parameter_format: Option<String>,
    /// JSON.
    pub components: String,
    pub rejected_reason: Option<String>,
    pub ttl_seconds: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub synced_at: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "t.id, t.tenant_id, t.waba_id, t.meta_id, t.name, t.language, t.status, t.status_detail, t.category, \
         t.previous_category, t.announced_category, t.announced_category_at, t.quality, t.parameter_format, t.components, \
         t.rejected_reason, t.ttl_seconds, t.created_at, t.updated_at, t.synced_at"
    };
}

pub async fn find(on: On<'_>, tenant: TenantId, id: TemplateId) -> Result<Option<StoredTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM templates t WHERE t.tenant_id = $1 AND t.id = $2"
    );
    on.sql(SQL, (tenant, id)).opt().await
}

macro_rules! find_for_update {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM templates t WHERE t.tenant_id = $1 AND t.waba_id = $2 AND (t.meta_id = $3 OR ($3 = '' AND t.name = $4 \
             AND LOWER(REPLACE(t.language, '-', '_')) = $5)) LIMIT 1",
            $lock
        )
    };
}

/// Returns the template named by a webhook; on PostgreSQL locks its row until the transaction ends.
pub async fn find_for_update(tx: &mut Tx, key: TemplateKey) -> Result<Option<StoredTemplate>> {
    const SQLITE: &str = find_for_update!("");
    const POSTGRES: &str = find_for_update!(" FOR UPDATE");
    let sql = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let args = (key.tenant, key.waba_id, key.meta_id, key.name, key.language);
    tx.sql(sql, args).opt().await
}

/// Returns all templates of an account, including deleted ones.
pub async fn list_account(on: On<'_>, tenant: TenantId, waba_id: &str) -> Result<Vec<StoredTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM templates t WHERE t.tenant_id = $1 AND t.waba_id = $2"
    );
    on.sql(SQL, (tenant, waba_id.to_owned())).all().await
}

/// Returns all languages of templates named by tenant, account and name.
pub async fn find_by_names(on: On<'_>, names: &[(TenantId, String, String)]) -> Result<Vec<StoredTemplate>> {
    const SQL: &str = concat!(
        "WITH r (tenant_id, waba_id, name) AS ({rows}) SELECT ",
        columns!(),
        " FROM r CROSS JOIN templates t WHERE t.tenant_id = r.tenant_id AND t.waba_id = r.waba_id AND t.name = r.name"
    );
    let row = |(tenant, waba, name): &(TenantId, String, String)| (tenant.uuid(), waba.clone(), name.clone());
    Rows::new(SQL, names.iter().map(row).collect()).all(on).await
}

/// Filter of a list; empty texts match everything.
#[derive(Clone, Debug, Default)]
pub struct TemplateFilter {
    pub waba_id: String,
    pub status: String,
    pub category: String,
    pub language: String,
    /// A substring of the name.
    pub name: String,
}

/// Returns a page, newest first, starting below `before`.
pub async fn page(
    on: On<'_>,
    tenant: TenantId,
    filter: TemplateFilter,
    before: Option<TemplateId>,
    limit: i64,
) -> Result<Vec<StoredTemplate>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM templates t
          WHERE t.tenant_id = $1 AND t.id < $2 AND ($3 = '' OR t.waba_id = $3) AND ($4 = '' OR t.status = $4)
              AND ($5 = '' OR t.category = $5) AND ($6 = '' OR t.language = $6) AND t.name LIKE $7 ESCAPE '!'
          ORDER BY t.id DESC
          LIMIT $8"
    );
    let before = before.unwrap_or(TemplateId::from_uuid(Uuid::max()));
    let name = format!("%{}%", like_literal(&filter.name));
    let args = (
        tenant,
        before,
        filter.waba_id,
        filter.status,
        filter.category,
        filter.language,
        name,
        limit,
    );
    on.sql(SQL, args).all().await
}
